#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/clock.h"
#include "stage/sql.h"

namespace sluice {

/// The Iceberg SQL catalog's two tables, as PyIceberg's SqlCatalog and Iceberg's JdbcCatalog make
/// and read them, in the session's default schema. Pointers are texts: they are compared and
/// stored exactly as they were read.

/// Makes the tables when they are missing, and keeps others from doing so until the transaction's
/// end. Call within a transaction.
Status CreateCatalog(SqlSession& session);

/// Returns the statements of CreateCatalog, for a DBA: unqualified names, nothing that is there is
/// touched.
std::string CatalogTablesSql();

/// Returns a table's pointer; nothing when there is no such table or no catalog yet.
Result<std::optional<std::string>> FindPointer(SqlSession& session, const std::string& catalog,
                                               const TableName& name);

/// Returns the pointer before the last swap, as the catalog remembers it; nothing when there is
/// none.
Result<std::optional<std::string>> FindPreviousPointer(SqlSession& session,
                                                       const std::string& catalog,
                                                       const TableName& name);

/// Locks the table's row until the transaction ends (S5) and returns its pointer. FailsWith kFatal
/// when the table is gone.
Result<std::string> LockPointer(SqlSession& session, const std::string& catalog,
                                const TableName& name);

/// How long a transaction may hold a pointer, from its first lock to its COMMIT: the others wait.
inline constexpr std::chrono::seconds kPointerHold{5};

/// Makes every later statement of the open transaction give up a wait for a lock at `deadline`, and
/// the server end the session of a process that freezes before the next one. FailsWith kRetryable
/// when the deadline has passed.
Status BoundWaits(SqlSession& session, SteadyTime deadline);

/// Adds a table, and its namespace. FailsWith kRetryable when somebody else just did.
Status InsertTable(SqlSession& session, const std::string& catalog, const TableName& name,
                   const std::string& pointer);

/// Moves the pointer (S7). FailsWith kRetryable when it is no longer `from`.
Status SwapPointer(SqlSession& session, const std::string& catalog, const TableName& name,
                   const std::string& from, const std::string& to);

Result<std::vector<TableName>> ListTables(SqlSession& session, const std::string& catalog);

}  // namespace sluice
