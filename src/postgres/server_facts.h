#pragma once

#include <string>

#include "core/result.h"
#include "stage/sql.h"

namespace sluice {

/// What a session says of its server, for `doctor` and for the start of a run.
struct ServerFacts {
  std::string version;  ///< `15.20 (Debian 15.20-0+deb12u1)`
  int version_num = 0;  ///< 150020
  std::string database;
  std::string role;
  bool superuser = false;
  bool standby = false;
  bool read_only = false;  ///< for this role and database
  std::string synchronous_commit;
  bool fsync = true;
  bool full_page_writes = true;
  std::string tls;  ///< `TLSv1.3, TLS_AES_256_GCM_SHA384`; empty: none
  int64_t connections = 0;
  int64_t max_connections = 0;
};

Result<ServerFacts> ReadServerFacts(SqlSession& session);

/// Whether a server may lose, in a crash of its own, what it said was committed. All of it goes
/// back together then, and is read again.
enum class AsyncCommit { kRefused, kAllowed };

/// FailsWith kInvalidConfig, code E0405, when records cannot be committed here: a version below 13,
/// a standby, a read-only one, one that forgets commits.
Status CheckTakesCommits(const ServerFacts& facts, AsyncCommit async_commit);

}  // namespace sluice
