#pragma once

#include "core/result.h"
#include "stage/sql.h"

namespace sluice {

/// Version of the tables in PostgreSQL's schema `sluice`; another one is refused.
inline constexpr int kLayoutVersion = 1;

/// Creates the schema `sluice` and its tables where they are missing, in one transaction. Many
/// workers may do so at once.
Status CreateLedgerTables(SqlSession& session);

/// Returns whether the tables are there; writes nothing.
Result<bool> HasLedgerTables(SqlSession& session);

/// Returns the statements of CreateLedgerTables, for a DBA.
std::string LedgerTablesSql();

/// Runs `body` between BEGIN and COMMIT; rolls back on its failure. For transactions in which no
/// record moves, so a lost reply needs no doubt path: all of them may run again.
template <typename Body>
Status InTransaction(SqlSession& session, Body&& body) {
  SLUICE_TRY(session.Query("BEGIN"));
  if (Status status = body(); !status) {
    if (session.IsAlive()) {
      // The body's error is the one to tell; a failed ROLLBACK only means the session is gone.
      if (auto rollback = session.Query("ROLLBACK"); !rollback) return status;
    }
    return status;
  }
  SLUICE_TRY(session.Query("COMMIT"));
  return {};
}

}  // namespace sluice
