#include "postgres/server_place.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "core/log.h"
#include "core/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSocketPathBytes = 107;
constexpr std::string_view kSocketName = "/.s.PGSQL.5432";

std::unexpected<Error> Unusable(std::string_view what, const std::string& path) {
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("{}: {}: {}", what, path, std::strerror(errno)),
              "the state folder must be a local folder that you can write");
}

std::optional<struct stat> StatOf(const std::string& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

// A folder of its owner's only, or that others can at most pass through.
bool IsSafeFolder(const std::string& path, uid_t owner) {
  const auto status = StatOf(path);
  return status && S_ISDIR(status->st_mode) && status->st_uid == owner &&
         (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// A pointer file says where something lies and for whom: copied with its folder, the second line
// gives it away.
struct Pointer {
  std::string target;
  std::string holder;
};

Pointer ReadPointer(const std::string& path) {
  std::ifstream file(path);
  Pointer pointer;
  std::getline(file, pointer.target);
  std::getline(file, pointer.holder);
  return pointer;
}

Status WritePointer(const std::string& path, const Pointer& pointer) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << pointer.target << '\n' << pointer.holder << '\n';
  file.close();
  if (!file || rename(fresh.c_str(), path.c_str()) != 0) return Unusable("cannot write", path);
  return {};
}

std::optional<ServerUser> UserNamed(const char* name) {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(name, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return ServerUser{name, entry.pw_uid, entry.pw_gid, true};
}

std::string NameOf(uid_t uid) {
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(uid, &entry, room.data(), room.size(), &found);
  return found == nullptr ? "" : entry.pw_name;
}

Result<ServerUser> UserForRoot(const std::string& data) {
  if (const auto status = StatOf(data); status && status->st_uid != 0) {
    return ServerUser{NameOf(status->st_uid), status->st_uid, status->st_gid, true};
  }
  for (const char* name : {"postgres", "nobody"}) {
    if (auto user = UserNamed(name)) return *user;
  }
  return Fail(ErrorKind::kInvalidConfig,
              "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`",
              "run sluice as an ordinary user, or set `warehouse` to a server's address");
}

Result<ServerUser> UserFor(const std::string& data) {
  if (geteuid() == 0) return UserForRoot(data);
  const ServerUser me{NameOf(geteuid()), geteuid(), getegid(), false};
  if (me.name.empty()) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("PostgreSQL needs a user with a name, and uid {} has none", me.uid),
                "add the user to /etc/passwd, or set `warehouse` to a server's address");
  }
  if (const auto status = StatOf(data); status && status->st_uid != me.uid) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the private database belongs to another user: {}: uid {}", data,
                            status->st_uid),
                "run sluice as the user who made it");
  }
  return me;
}

Result<std::string> MakeFolderElsewhere() {
  mkdir("/var/lib/sluice", 0711);
  const bool own = IsSafeFolder("/var/lib/sluice", 0);
  std::string name = own ? "/var/lib/sluice/XXXXXX" : "/var/tmp/sluice-XXXXXX";
  if (mkdtemp(name.data()) == nullptr || chmod(name.c_str(), 0711) != 0) {
    return Unusable("cannot make a folder for the private database", name);
  }
  return name;
}

// Whether the folder named by the pointer is ours: written by us, or by us before a move.
bool IsOurs(const Pointer& pointer, const std::string& pg_folder) {
  if (!IsSafeFolder(pointer.target, geteuid())) return false;
  if (pointer.holder == pg_folder) return true;
  return ReadPointer(pointer.holder + "/place").target != pointer.target;
}

Result<std::string> ChooseElsewhere(const std::string& pg_folder, const ServerUser& user) {
  const std::string file = pg_folder + "/place";
  const Pointer pointer = ReadPointer(file);
  if (pointer.target.empty() || !IsOurs(pointer, pg_folder)) {
    SLUICE_ASSIGN(const std::string folder, MakeFolderElsewhere());
    Log(LogLevel::kInfo, "the private database lies outside of the project",
        {{"folder", folder},
         {"because", fmt::format("user {} cannot enter {}", user.name, pg_folder)}});
    SLUICE_TRY(WritePointer(file, {folder, pg_folder}));
    return folder;
  }
  if (pointer.holder != pg_folder) SLUICE_TRY(WritePointer(file, {pointer.target, pg_folder}));
  return pointer.target;
}

// libpq reads a comma as the end of a host, a leading `@` as an abstract socket.
bool FitsAddress(const std::string& folder) {
  return folder.size() + kSocketName.size() <= kSocketPathBytes &&
         folder.find(',') == std::string::npos;
}

}  // namespace

std::string ServerPlace::SocketFolder() const {
  const Pointer pointer = ReadPointer(folder + "/socket.place");
  return pointer.holder == folder ? pointer.target : folder + "/socket";
}

Result<std::string> MakePgFolder(const std::string& state_folder) {
  if (!state_folder.starts_with('/')) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the state folder's path must be absolute: {}", state_folder));
  }
  std::error_code error;
  fs::create_directories(state_folder, error);
  std::string folder = fs::weakly_canonical(state_folder, error).string() + "/pg";
  // Root's server runs as another user, who must pass through.
  const mode_t mode = geteuid() == 0 ? 0711 : 0700;
  if (mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
    return Unusable("cannot make a folder for the private database", folder);
  }
  return folder;
}

Result<ServerPlace> FindPlace(const std::string& pg_folder) {
  SLUICE_ASSIGN(ServerUser user, UserFor(pg_folder + "/data"));
  if (CanEnter(user, pg_folder)) return ServerPlace{pg_folder, std::move(user)};
  if (StatOf(pg_folder + "/data")) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("user {} can no longer enter the folder of its private database: {}",
                            user.name, pg_folder),
                "let others pass through the folders above it (chmod o+x)");
  }
  SLUICE_ASSIGN(std::string folder, ChooseElsewhere(pg_folder, user));
  SLUICE_ASSIGN(user, UserFor(folder + "/data"));
  return ServerPlace{std::move(folder), std::move(user)};
}

Status GiveFolder(const std::string& folder, const ServerUser& user) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unusable("cannot make a folder", folder);
  }
  if (user.drop && lchown(folder.c_str(), user.uid, user.gid) != 0) {
    return Unusable("cannot give a folder to the server's user", folder);
  }
  if (!IsSafeFolder(folder, user.uid)) {
    return Fail(
        ErrorKind::kInvalidConfig,
        fmt::format("a folder of the private database can be changed by others: {}", folder),
        "remove it, or make it yours alone (chmod 700)");
  }
  return {};
}

Status PrepareSocketFolder(const ServerPlace& place) {
  const std::string usual = place.folder + "/socket";
  if (FitsAddress(usual)) return GiveFolder(usual, place.user);
  if (place.SocketFolder() != usual && IsSafeFolder(place.SocketFolder(), place.user.uid)) {
    return {};
  }
  std::string folder = fmt::format("/tmp/sluice-{}-XXXXXX", geteuid());
  if (mkdtemp(folder.data()) == nullptr) return Unusable("cannot make a folder", folder);
  SLUICE_TRY(GiveFolder(folder, place.user));
  return WritePointer(place.folder + "/socket.place", {folder, place.folder});
}

}  // namespace sluice
