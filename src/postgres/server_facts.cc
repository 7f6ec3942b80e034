#include "postgres/server_facts.h"

#include <fmt/format.h>

namespace sluice {
namespace {

constexpr int kOldest = 130'000;

constexpr std::string_view kFacts =
    "SELECT current_setting('server_version'), current_setting('server_version_num'), "
    "current_database(), current_user, "
    "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user), pg_is_in_recovery(), "
    "current_setting('transaction_read_only'), current_setting('synchronous_commit'), "
    "current_setting('fsync'), current_setting('full_page_writes'), "
    "(SELECT version || ', ' || cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), "
    "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
    "current_setting('max_connections')";

std::unexpected<Error> Refuse(std::string message, std::string hint) {
  return Fail(ErrorKind::kInvalidConfig, std::move(message), std::move(hint), "E0405");
}

}  // namespace

Result<ServerFacts> ReadServerFacts(SqlSession& session) {
  SLUICE_ASSIGN(const SqlRows rows, session.Query(kFacts));
  const SqlRow& row = rows.rows.at(0);
  return ServerFacts{.version = row.at(0).value_or(""),
                     .version_num = static_cast<int>(IntegerOf(row.at(1))),
                     .database = row.at(2).value_or(""),
                     .role = row.at(3).value_or(""),
                     .superuser = row.at(4) == "t",
                     .standby = row.at(5) == "t",
                     .read_only = row.at(6) == "on",
                     .synchronous_commit = row.at(7).value_or(""),
                     .fsync = row.at(8) == "on",
                     .full_page_writes = row.at(9) == "on",
                     .tls = row.at(10).value_or(""),
                     .connections = IntegerOf(row.at(11)),
                     .max_connections = IntegerOf(row.at(12))};
}

Status CheckTakesCommits(const ServerFacts& facts, AsyncCommit async_commit) {
  if (facts.version_num < kOldest) {
    return Refuse(fmt::format("PostgreSQL is too old: it is {}", facts.version),
                  "sluice needs PostgreSQL 13 or later");
  }
  if (facts.standby) {
    return Refuse("PostgreSQL is a standby: it takes no writes",
                  "name the primary in `warehouse`; of several hosts sluice finds the one that "
                  "takes writes by itself");
  }
  if (facts.read_only) {
    return Refuse(
        fmt::format("PostgreSQL is read-only for role {} in database {}", facts.role,
                    facts.database),
        "ALTER ROLE or ALTER DATABASE … SET default_transaction_read_only = off, where it is on");
  }
  if (facts.synchronous_commit == "off" && async_commit == AsyncCommit::kRefused) {
    return Refuse("PostgreSQL forgets commits in a crash: `synchronous_commit` is off",
                  "ALTER SYSTEM, ROLE or DATABASE … SET synchronous_commit = on; "
                  "--allow-async-commit takes it as it is");
  }
  return {};
}

}  // namespace sluice
