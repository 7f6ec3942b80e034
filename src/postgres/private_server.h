#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "stage/sql.h"

namespace sluice {

/// A PostgreSQL server of our own, reached by a Unix socket only. All processes that open the same
/// state folder share one; it stops with the last of them, however that one ends, and no process
/// has to be the first or the last. A keeper process in a session of its own does the starting,
/// the restarting after a crash and the stopping.
class PrivateServer {
 public:
  /// Attaches to the server of `state_folder` (absolute, `…/.sluice`), starting it, and making its
  /// cluster, when need be. The server runs as this user; for root as `postgres` or `nobody`, and
  /// then its data may have to lie outside of a folder that this user cannot enter: a line in the
  /// log and `pg/place` say where. FailsWith kInvalidConfig when PostgreSQL is not installed or
  /// the folder cannot be used, kRetryable when the server does not come up in time.
  static Result<std::unique_ptr<PrivateServer>> Open(const std::string& state_folder);

  /// Lets go of the server; the last one that does so stops it (within about a second).
  virtual ~PrivateServer() = default;

  /// Returns the libpq address of database `sluice`; valid as long as the server's users run.
  virtual std::string Conninfo() const = 0;
  /// Returns where sessions come from. Connect brings back a server whose keeper was killed.
  /// Must not outlive this object.
  virtual Result<std::unique_ptr<SqlDatabase>> Database() = 0;
  /// Returns the absolute path of the server's data folder.
  virtual std::string DataFolder() const = 0;
};

}  // namespace sluice
