#include "config/secret_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/codes.h"

namespace sluice {
namespace {

constexpr off_t kMaxBytes = 64 << 10;

std::unexpected<Error> Unreadable(std::string_view called, std::string_view why) {
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("cannot read the secret file {}: {}", called, why),
              "a relative path begins at the folder of the pipeline file",
              std::string(codes::kFileMissing));
}

}  // namespace

Status CheckSecretFile(const std::string& path, std::string_view called, bool insecure) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return Unreadable(called, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return Unreadable(called, "it is not a plain file");
  if (info.st_size > kMaxBytes) return Unreadable(called, "it is larger than 64 KiB");
  const mode_t allowed = info.st_uid == 0 ? 0740 : 0700;
  if ((info.st_mode & 0777 & ~allowed) == 0 || insecure) return {};
  return Fail(
      ErrorKind::kInvalidConfig,
      fmt::format("others may read the secret file {} (mode {:04o})", called, info.st_mode & 0777),
      "make it yours alone (chmod 600), or allow it with --insecure-secret-files",
      std::string(codes::kSecretFileExposed));
}

Result<std::string> ReadSecretFile(const std::string& path, std::string_view called,
                                   bool insecure) {
  SLUICE_TRY(CheckSecretFile(path, called, insecure));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file.is_open() || file.bad()) return Unreadable(called, std::strerror(errno));
  std::string secret = content.str();
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  return secret;
}

}  // namespace sluice
