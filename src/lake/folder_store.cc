#include "lake/folder_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>

#include "core/text.h"
#include "lake/file_handle.h"
#include "lake/store_check.h"

namespace sluice {
namespace {

constexpr std::string_view kScheme = "file://";
constexpr size_t kCopyBytes = 1 << 20;
constexpr std::string_view kTemporary = ".sluice-tmp-";

// What a full disk or a sleeping mount refuses may work later; what the path itself forbids never
// will.
std::unexpected<Error> SystemError(std::string_view action, const std::string& name, int error) {
  const std::string text =
      fmt::format("the lake folder: cannot {} `{}`: {}", action, name, std::strerror(error));
  if (error == ENOENT) return Fail(ErrorKind::kFatal, text, {}, std::string(kNotFound));
  const bool hopeless = error == EACCES || error == EPERM || error == EROFS || error == ENOTDIR ||
                        error == EISDIR || error == ENAMETOOLONG || error == ELOOP;
  return Fail(hopeless ? ErrorKind::kFatal : ErrorKind::kRetryable, text);
}

Status SyncFolder(const std::string& folder) {
  const FileHandle handle(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0 || fsync(handle.get()) != 0) return SystemError("sync", folder, errno);
  return {};
}

std::string ParentOf(const std::string& name) {
  const size_t slash = name.rfind('/');
  return slash == 0 ? "/" : name.substr(0, slash);
}

// Makes missing folders from the top down; each new name is synced into its parent.
Status MakeFolders(const std::string& folder) {
  struct stat info{};
  if (stat(folder.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? Status() : SystemError("make", folder, ENOTDIR);
  }
  if (folder == "/") return SystemError("make", folder, errno);
  const std::string parent = ParentOf(folder);
  SLUICE_TRY(MakeFolders(parent));
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return SystemError("make", folder, errno);
  }
  return SyncFolder(parent);
}

Status WriteAll(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", name, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Reads [offset, offset + length) or up to the end.
Result<std::string> ReadPart(int fd, int64_t offset, int64_t length, const std::string& name) {
  std::string bytes(static_cast<size_t>(length), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = pread(fd, bytes.data() + have, bytes.size() - have,
                              static_cast<off_t>(offset) + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("read", name, errno);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

// Renames without replacing; by a hard link where the file system knows no such rename.
int RenameNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from.c_str(), to.c_str()) != 0) return errno;
  unlink(from.c_str());
  return 0;
}

Result<bool> SameContent(const std::string& left, const std::string& right) {
  const FileHandle a(open(left.c_str(), O_RDONLY | O_CLOEXEC));
  const FileHandle b(open(right.c_str(), O_RDONLY | O_CLOEXEC));
  if (a.get() < 0 || b.get() < 0) return SystemError("read", right, errno);
  for (int64_t at = 0;; at += static_cast<int64_t>(kCopyBytes)) {
    SLUICE_ASSIGN(const std::string mine, ReadPart(a.get(), at, kCopyBytes, left));
    SLUICE_ASSIGN(const std::string theirs, ReadPart(b.get(), at, kCopyBytes, right));
    if (mine != theirs) return false;
    if (mine.size() < kCopyBytes) return true;
  }
}

Status Publish(const std::string& temporary, const std::string& target) {
  const int error = RenameNew(temporary, target);
  if (error == 0) return SyncFolder(ParentOf(target));
  if (error != EEXIST) return SystemError("rename to", target, error);
  SLUICE_ASSIGN(const bool same, SameContent(temporary, target));
  unlink(temporary.c_str());
  if (same) return SyncFolder(ParentOf(target));
  return Fail(ErrorKind::kFatal,
              fmt::format("the lake folder: `{}` exists with other content", target), {},
              std::string(kAlreadyExists));
}

// Makes `target` of what `fill` writes, whole or not at all.
Status Create(const std::string& target, const std::function<Status(int fd)>& fill) {
  const std::string folder = ParentOf(target);
  SLUICE_TRY(MakeFolders(folder));
  const std::string temporary = fmt::format("{}/{}{}", folder, kTemporary, Uuid::Random().value);
  Status done;
  {
    const FileHandle file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0) return SystemError("create", temporary, errno);
    done = fill(file.get());
    if (done && fsync(file.get()) != 0) done = SystemError("sync", temporary, errno);
  }
  if (done) done = Publish(temporary, target);
  if (!done) unlink(temporary.c_str());
  return done;
}

bool HasOddPart(std::string_view path) {
  for (const std::string& part : Split(path.substr(1), '/')) {
    if (part.empty() || part == "." || part == "..") return true;
  }
  return path.find('\0') != std::string_view::npos;
}

int64_t ModifiedMs(const struct stat& info) {
  return static_cast<int64_t>(info.st_mtim.tv_sec) * 1000 + info.st_mtim.tv_nsec / 1'000'000;
}

}  // namespace

std::string NormalizeAddress(std::string_view address) {
  std::string_view path = address;
  if (path.starts_with("file:")) {
    path.remove_prefix(5);
  } else if (!path.starts_with('/')) {
    return std::string(address);
  }
  while (path.starts_with("//")) path.remove_prefix(1);
  return fmt::format("{}{}", kScheme, path);
}

Result<std::unique_ptr<FolderStore>> FolderStore::Make(std::string_view root) {
  std::string path = NormalizeAddress(root);
  if (!path.starts_with("file:///")) {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("not a folder: `{}`", root),
                "lake: a folder, or s3://…");
  }
  path.erase(0, kScheme.size());
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.size() < 2 || HasOddPart(path) || path.find_first_of("?#") != std::string::npos) {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("unusable lake folder `{}`", root),
                "other engines cannot read a folder with `?`, `#`, `..` or an empty part in it");
  }
  SLUICE_TRY(MakeFolders(path));
  return std::unique_ptr<FolderStore>(new FolderStore(std::move(path)));
}

Result<std::string> FolderStore::LocalName(const RemotePath& path, SteadyTime deadline) const {
  if (Now() > deadline) {
    return Fail(ErrorKind::kRetryable,
                fmt::format("the lake folder is too slow: `{}`", path.value));
  }
  std::string name = NormalizeAddress(path.value).substr(kScheme.size());
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  const bool inside = name == root_ || name.starts_with(root_ + "/");
  if (!path.value.starts_with("file:") || !inside || HasOddPart(name)) {
    return OutsideLake(path, root_);
  }
  return name;
}

Status FolderStore::Put(const RemotePath& path, std::string_view bytes, SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string name, LocalName(path, deadline));
  return Create(name, [&](int fd) { return WriteAll(fd, bytes, name); });
}

// The spool mostly lies on the lake's own file system: then the file gets a second name instead of
// a copy.
Status FolderStore::PutFile(const LocalPath& from, const RemotePath& to, SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string name, LocalName(to, deadline));
  const FileHandle source(open(from.value.c_str(), O_RDONLY | O_CLOEXEC));
  if (source.get() < 0) return SystemError("read", from.value, errno);
  SLUICE_TRY(MakeFolders(ParentOf(name)));
  if (fsync(source.get()) != 0) return SystemError("sync", from.value, errno);
  if (link(from.value.c_str(), name.c_str()) == 0) return SyncFolder(ParentOf(name));
  return Create(name, [&](int fd) -> Status {
    for (int64_t at = 0;; at += static_cast<int64_t>(kCopyBytes)) {
      SLUICE_ASSIGN(const std::string part, ReadPart(source.get(), at, kCopyBytes, from.value));
      SLUICE_TRY(WriteAll(fd, part, name));
      if (part.size() < kCopyBytes) return {};
    }
  });
}

Result<std::string> FolderStore::Get(const RemotePath& path, int64_t max_bytes,
                                     SteadyTime deadline) {
  SLUICE_ASSIGN(const int64_t size, Head(path, deadline));
  if (size > max_bytes) {
    return Fail(ErrorKind::kFatal,
                fmt::format("`{}` is longer than {} bytes", path.value, max_bytes));
  }
  return GetRange(path, 0, size, deadline);
}

Result<std::string> FolderStore::GetRange(const RemotePath& path, int64_t offset, int64_t length,
                                          SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string name, LocalName(path, deadline));
  const FileHandle file(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("read", name, errno);
  return ReadPart(file.get(), offset, length, name);
}

Result<int64_t> FolderStore::Head(const RemotePath& path, SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string name, LocalName(path, deadline));
  struct stat info{};
  if (stat(name.c_str(), &info) != 0) return SystemError("read", name, errno);
  if (!S_ISREG(info.st_mode)) return SystemError("read", name, EISDIR);
  return static_cast<int64_t>(info.st_size);
}

Result<std::vector<ObjectInfo>> FolderStore::List(const RemotePath& folder, SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string name, LocalName(folder, deadline));
  std::vector<ObjectInfo> found;
  std::error_code error;
  std::filesystem::recursive_directory_iterator walk(name, error);
  if (error == std::errc::no_such_file_or_directory) return found;
  for (; !error && walk != std::filesystem::recursive_directory_iterator(); walk.increment(error)) {
    const std::string& path = walk->path().native();
    struct stat info{};
    // A file may go, or lose its temporary name, while we look.
    if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    found.push_back({RemotePath{fmt::format("{}{}", kScheme, path)},
                     static_cast<int64_t>(info.st_size), ModifiedMs(info)});
  }
  if (error) return SystemError("list", name, error.value());
  return found;
}

Status FolderStore::Delete(const RemotePath& path, SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string name, LocalName(path, deadline));
  if (unlink(name.c_str()) != 0 && errno != ENOENT) return SystemError("remove", name, errno);
  return {};
}

Status FolderStore::Check(const RemotePath& folder, SteadyTime deadline) {
  return CheckStore(*this, folder, deadline);
}

}  // namespace sluice
