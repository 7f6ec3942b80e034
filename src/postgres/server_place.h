#pragma once

#include <string>

#include "core/result.h"
#include "postgres/child_process.h"

namespace sluice {

/// Where the files of a private server lie, and whose they are.
struct ServerPlace {
  std::string
      folder;  ///< holds all of them; `<state>/pg`, or elsewhere when `user` cannot go there
  ServerUser user;

  std::string Data() const { return folder + "/data"; }
  std::string Log() const { return folder + "/server.log"; }
  std::string UsersLock() const { return folder + "/users.lock"; }    ///< shared by who uses it
  std::string KeeperLock() const { return folder + "/keeper.lock"; }  ///< held by the keeper
  /// Returns the folder of the server's socket, as its last start chose it.
  std::string SocketFolder() const;
};

/// Makes `<state>/pg` and returns its path.
Result<std::string> MakePgFolder(const std::string& state_folder);

/// Finds or chooses the place. The caller holds the start lock of `pg_folder`.
Result<ServerPlace> FindPlace(const std::string& pg_folder);

/// Makes sure of a private folder for the socket whose path fits into an address, and remembers it.
Status PrepareSocketFolder(const ServerPlace& place);

/// Makes `folder`, if missing, a folder of this user that nobody else can write.
Status GiveFolder(const std::string& folder, const ServerUser& user);

}  // namespace sluice
