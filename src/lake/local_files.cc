#include "lake/local_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "lake/file_handle.h"
#include "lake/folder_store.h"
#include "lake/in_parallel.h"

namespace sluice {
namespace {

constexpr std::string_view kFolder = "file://";
constexpr int64_t kPartBytes = 8 << 20;
constexpr int64_t kSpoolBytes = int64_t{1} << 30;
constexpr size_t kConnections = 4;
constexpr std::chrono::seconds kPartWithin{60};

bool IsLocal(const LiveFile& file) {
  return NormalizeAddress(file.path.value).starts_with(kFolder);
}

std::unexpected<Error> WriteError(const std::string& name) {
  return Fail(ErrorKind::kRetryable, fmt::format("cannot write {}: {}", name, std::strerror(errno)),
              "make room on the disk of the project's folder");
}

Status WritePart(int file, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return WriteError(name);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Part by part, so memory is bounded and a broken connection costs one part.
Status Copy(const LiveFile& file, ObjectStore& store, const std::string& name) {
  const FileHandle out(open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (out.get() < 0) return WriteError(name);
  for (int64_t at = 0; at < file.size_bytes; at += kPartBytes) {
    const int64_t length = std::min(kPartBytes, file.size_bytes - at);
    SLUICE_ASSIGN(const std::string part,
                  store.GetRange(file.path, at, length, Now() + kPartWithin));
    if (static_cast<int64_t>(part.size()) != length) {
      return Fail(ErrorKind::kFatal,
                  fmt::format("`{}` is shorter than its manifest says", file.path.value));
    }
    SLUICE_TRY(WritePart(out.get(), part, name));
  }
  return {};
}

Status CheckRoom(const std::vector<LiveFile>& files, const std::string& folder) {
  int64_t bytes = 0;
  for (const LiveFile& file : files) bytes += IsLocal(file) ? 0 : file.size_bytes;
  struct statvfs disk{};
  if (statvfs(folder.c_str(), &disk) != 0) return {};  // writing will tell
  const auto free = static_cast<int64_t>(disk.f_bavail * disk.f_frsize);
  if (bytes <= free) return {};
  return Fail(
      ErrorKind::kRetryable,
      fmt::format("{} MiB of data files do not fit on the disk of {}, which has {} MiB free",
                  bytes >> 20, folder, free >> 20),
      "make room there, or ask an engine that reads from S3 itself: the tables are open");
}

// How many of the files from `first` on are copied together.
size_t CountTogether(const std::vector<LiveFile>& files, size_t first) {
  size_t count = 0;
  int64_t bytes = 0;
  while (first + count < files.size() && count < kConnections) {
    bytes += files[first + count].size_bytes;
    if (count > 0 && bytes > kSpoolBytes) break;
    ++count;
  }
  return count;
}

}  // namespace

Result<std::vector<std::string>> FetchFiles(const std::vector<LiveFile>& files, ObjectStore& store,
                                            const std::string& spool_folder) {
  SLUICE_TRY(CheckRoom(files, spool_folder));
  std::vector<std::string> names(files.size());
  SLUICE_TRY(InParallel(files.size(), kConnections, [&](size_t i) -> Status {
    if (IsLocal(files[i])) {
      names[i] = NormalizeAddress(files[i].path.value).substr(kFolder.size());
      return {};
    }
    names[i] = fmt::format("{}/{}.parquet", spool_folder, Uuid::Random().value);
    return Copy(files[i], store, names[i]);
  }));
  return names;
}

Status VisitFiles(
    const std::vector<LiveFile>& files, ObjectStore& store, const std::string& spool_folder,
    const std::function<Status(const LiveFile& file, const std::string& local)>& visit) {
  for (size_t first = 0; first < files.size();) {
    const size_t count = CountTogether(files, first);
    const std::vector<LiveFile> group(files.begin() + static_cast<ptrdiff_t>(first),
                                      files.begin() + static_cast<ptrdiff_t>(first + count));
    SLUICE_ASSIGN(const auto names, FetchFiles(group, store, spool_folder));
    for (size_t i = 0; i < count; ++i) {
      SLUICE_TRY(visit(group[i], names[i]));
      std::error_code ignored;  // the folder goes as a whole
      if (!IsLocal(group[i])) std::filesystem::remove(names[i], ignored);
    }
    first += count;
  }
  return {};
}

}  // namespace sluice
