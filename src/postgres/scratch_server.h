#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "postgres/private_server.h"

namespace sluice {

/// A private server with an empty cluster in a temporary folder, for tests: stopped and removed
/// with the object. Does not wait for the disk (fsync = off), which tests need not survive.
class ScratchServer {
 public:
  static Result<std::unique_ptr<ScratchServer>> Make();
  ~ScratchServer();
  ScratchServer(const ScratchServer&) = delete;
  ScratchServer& operator=(const ScratchServer&) = delete;

  PrivateServer& server() { return *server_; }
  /// Returns the state folder that was given to PrivateServer::Open.
  const std::string& folder() const { return folder_; }

 private:
  ScratchServer() = default;
  Status ForgetTheDisk();
  std::string folder_;
  std::unique_ptr<PrivateServer> server_;
};

}  // namespace sluice
