#include "postgres/scratch_server.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "postgres/file_lock.h"

namespace sluice {
namespace {
constexpr int64_t kStopMs = 30'000;
}

Result<std::unique_ptr<ScratchServer>> ScratchServer::Make() {
  std::unique_ptr<ScratchServer> scratch(new ScratchServer);
  scratch->folder_ = "/tmp/sluice-scratch-XXXXXX";
  // Others may pass through: root's server runs as another user.
  if (mkdtemp(scratch->folder_.data()) == nullptr || chmod(scratch->folder_.c_str(), 0711) != 0) {
    return Fail(ErrorKind::kFatal,
                fmt::format("cannot make a temporary folder: {}", std::strerror(errno)));
  }
  SLUICE_ASSIGN(scratch->server_, PrivateServer::Open(scratch->folder_));
  SLUICE_TRY(scratch->ForgetTheDisk());
  return scratch;
}

Status ScratchServer::ForgetTheDisk() {
  SLUICE_ASSIGN(const auto database, server_->Database());
  SLUICE_ASSIGN(const auto session, database->Connect("sluice:scratch"));
  SLUICE_TRY(session->Query("ALTER SYSTEM SET fsync = off"));
  SLUICE_TRY(session->Query("SELECT pg_reload_conf()"));
  return {};
}

ScratchServer::~ScratchServer() {
  server_.reset();
  const auto stopped = FileLock::Wait(folder_ + "/pg/keeper.lock", LockMode::kExclusive, kStopMs);
  std::error_code error;
  if (stopped) std::filesystem::remove_all(folder_, error);
}

}  // namespace sluice
