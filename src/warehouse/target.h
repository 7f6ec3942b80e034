#pragma once

#include <string>
#include <vector>

#include "config/spec.h"
#include "stage/schema.h"

namespace sluice {

/// One PostgreSQL table that silver rows go into.
struct Target {
  size_t silver_index = 0;
  WarehouseTableSpec spec;
  std::vector<Field> columns;  ///< in the chunk's order, lineage last

  std::string FullName() const { return spec.schema + "." + spec.table; }  ///< for people
  std::string Quoted() const;                                              ///< for SQL
  bool IsKey(const std::string& column) const;
};

/// Returns PostgreSQL's name for a type, as its format_type spells it.
std::string PgType(const Type& type);

/// Returns `"a", "b"` for the columns' names.
std::string QuotedList(const std::vector<std::string>& names);
std::string QuotedList(const std::vector<Field>& columns);

/// Returns the rights that a run needs: `USAGE` of the schema, `INSERT`, … of the table.
std::vector<std::string> RightsFor(const Target& target);

/// Statements that create the table, with key and comments. Servers before 15 have no unique index
/// that takes NULL for a value: there the key becomes the primary key.
std::string CreateTableSql(const Target& target, int server_version);
std::string AddKeySql(const Target& target, int server_version);
std::string AddColumnsSql(const Target& target, const std::vector<Field>& columns);

/// Upserts the rows of another table that has the target's columns.
std::string MergeSql(const Target& target, const std::string& from);

/// The statements of one commit. Upserts go by a temporary table of the session.
struct RowStatements {
  std::string copy;     ///< into the target, or into the staging table
  std::string staging;  ///< the temporary table's name; this and the next are empty for append
  std::string make_staging;
  std::string read;   ///< a COPY that refuses what `copy` refuses, and keeps nothing
  std::string merge;  ///< its last statement says whether no rebuild of the target is alive
  std::string tee;    ///< when one is: gives it these rows too
};
RowStatements RowStatementsFor(const Target& target);

/// Where a rebuild gathers the target's rows.
std::string WaitingTable(const Target& target);
/// The advisory lock that a rebuild of an upsert target holds while it is alive, as arguments.
std::string RebuildLock(const Target& target);

}  // namespace sluice
