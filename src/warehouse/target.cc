#include "warehouse/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace sluice {
namespace {

constexpr int kNullsNotDistinct = 150'000;

// `"a" text NOT NULL, "b" …`
std::string ColumnList(const std::vector<Field>& columns) {
  std::vector<std::string> items;
  for (const auto& column : columns) {
    items.push_back(fmt::format("{} {}{}", QuoteIdentifier(column.name), PgType(column.type),
                                column.required ? " NOT NULL" : ""));
  }
  return Join(items, ", ");
}

std::string CommentSql(const Target& target, const std::vector<Field>& columns) {
  std::string sql;
  for (const auto& column : columns) {
    if (column.comment.empty()) continue;
    sql += fmt::format(";\nCOMMENT ON COLUMN {}.{} IS {}", target.Quoted(),
                       QuoteIdentifier(column.name), QuoteLiteral(column.comment));
  }
  return sql;
}

std::string KeyWords(const Target& target) {
  return target.spec.mode == WriteMode::kAppend
             ? "one row for each record"
             : fmt::format("the latest record for each ({})", Join(target.spec.key, ", "));
}

// The lineage as one comparable value: the record with the greatest wins, whatever came first.
// A record without a timestamp is older than any other.
std::string Age(std::string_view of) {
  return fmt::format(
      "(coalesce({0}._timestamp, '-infinity'), {0}._partition, {0}._offset, {0}._log)", of);
}

std::string StagingTable(const Target& target) {
  // Named by its shape: after a change of columns a session makes another one.
  const std::string shape = target.FullName() + ColumnList(target.columns);
  return fmt::format("pg_temp.sluice_{}", Sha256Hex(shape).substr(0, 16));
}

std::string CopySql(const std::string& table, const Target& target) {
  return fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", table, QuotedList(target.columns));
}

// Held by the transaction when no rebuild is alive: then one that begins waits for its end.
std::string ShareRebuildLock(const Target& target) {
  return fmt::format(";\nSELECT pg_try_advisory_xact_lock_shared({})", RebuildLock(target));
}

// Whether values are the same only when their bytes are. Not so: 0 and -0, also inside of jsonb.
bool IsPlain(TypeKind kind) {
  return kind != TypeKind::kFloat && kind != TypeKind::kDouble && kind != TypeKind::kStruct &&
         kind != TypeKind::kList;
}

std::string UpsertSql(const Target& target, const std::string& select) {
  std::vector<std::string> changes;
  for (const auto& column : target.columns) {
    if (target.IsKey(column.name)) continue;
    changes.push_back(fmt::format("{0} = excluded.{0}", QuoteIdentifier(column.name)));
  }
  return fmt::format(
      "INSERT INTO {target} AS live ({columns})\n"
      "{select}\n"
      "ON CONFLICT ({key}) DO UPDATE SET {changes}\n"
      " WHERE {live} < {excluded}",
      fmt::arg("target", target.Quoted()), fmt::arg("columns", QuotedList(target.columns)),
      fmt::arg("select", select), fmt::arg("key", QuotedList(target.spec.key)),
      fmt::arg("changes", Join(changes, ", ")), fmt::arg("live", Age("live")),
      fmt::arg("excluded", Age("excluded")));
}

// Staged rows lie in the order of their keys, one of each (OrderByKey): to do that here would cost
// PostgreSQL a third more.
std::string MergeStagedSql(const Target& target, const std::string& staging) {
  const bool plain = std::ranges::all_of(target.columns, [&](const Field& column) {
    return !target.IsKey(column.name) || IsPlain(column.type.kind);
  });
  if (!plain) return MergeSql(target, staging);
  return UpsertSql(target, fmt::format("SELECT {} FROM {}", QuotedList(target.columns), staging));
}

}  // namespace

std::string MergeSql(const Target& target, const std::string& from) {
  // Room to sort a batch in memory: the default of 4 MB goes to disk.
  return "SET LOCAL work_mem = '64MB';\n" +
         UpsertSql(target, fmt::format("SELECT DISTINCT ON ({key}) {columns} FROM {from} AS fresh\n"
                                       " ORDER BY {key}, {fresh} DESC",
                                       fmt::arg("key", QuotedList(target.spec.key)),
                                       fmt::arg("columns", QuotedList(target.columns)),
                                       fmt::arg("from", from), fmt::arg("fresh", Age("fresh"))));
}

std::string Target::Quoted() const {
  return QuoteIdentifier(spec.schema) + "." + QuoteIdentifier(spec.table);
}

bool Target::IsKey(const std::string& column) const {
  return std::ranges::find(spec.key, column) != spec.key.end();
}

std::string PgType(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool:
      return "boolean";
    case TypeKind::kInt:
      return "integer";
    case TypeKind::kLong:
      return "bigint";
    case TypeKind::kFloat:
      return "real";
    case TypeKind::kDouble:
      return "double precision";
    case TypeKind::kDecimal:
      return fmt::format("numeric({},{})", type.precision, type.scale);
    case TypeKind::kString:
      return "text";
    case TypeKind::kBinary:
      return "bytea";
    case TypeKind::kDate:
      return "date";
    case TypeKind::kTimestamp:
      return "timestamp without time zone";
    case TypeKind::kTimestampTz:
      return "timestamp with time zone";
    case TypeKind::kStruct:
    case TypeKind::kList:
      return "jsonb";
  }
  return "text";
}

std::string QuotedList(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(QuoteIdentifier(name));
  return Join(quoted, ", ");
}

std::string QuotedList(const std::vector<Field>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return QuotedList(names);
}

std::vector<std::string> RightsFor(const Target& target) {
  // SELECT is for `verify`, and in an upsert for the comparison with the row that is there.
  std::vector<std::string> rights{"USAGE", "INSERT", "SELECT"};
  if (target.spec.mode == WriteMode::kUpsert) rights.emplace_back("UPDATE");
  return rights;
}

std::string CreateTableSql(const Target& target, int server_version) {
  std::string sql =
      fmt::format("CREATE TABLE {} ({});\n", target.Quoted(), ColumnList(target.columns));
  if (target.spec.mode == WriteMode::kUpsert) sql += AddKeySql(target, server_version) + ";\n";
  sql += fmt::format("COMMENT ON TABLE {} IS {}", target.Quoted(),
                     QuoteLiteral("Silver rows, written by sluice: " + KeyWords(target)));
  return sql + CommentSql(target, target.columns);
}

std::string AddKeySql(const Target& target, int server_version) {
  const std::string key = QuotedList(target.spec.key);
  if (server_version < kNullsNotDistinct) {
    return fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", target.Quoted(), key);
  }
  return fmt::format("CREATE UNIQUE INDEX ON {} ({}) NULLS NOT DISTINCT", target.Quoted(), key);
}

std::string AddColumnsSql(const Target& target, const std::vector<Field>& columns) {
  std::vector<std::string> items;
  for (const auto& column : columns) {
    // Rows that are there have no value for it: never NOT NULL.
    items.push_back(
        fmt::format("ADD COLUMN {} {}", QuoteIdentifier(column.name), PgType(column.type)));
  }
  return fmt::format("ALTER TABLE {} {}", target.Quoted(), Join(items, ", ")) +
         CommentSql(target, columns);
}

RowStatements RowStatementsFor(const Target& target) {
  if (target.spec.mode == WriteMode::kAppend) {
    return {.copy = CopySql(target.Quoted(), target),
            .staging = {},
            .make_staging = {},
            .read = {},
            .merge = {},
            .tee = {}};
  }
  const std::string staging = StagingTable(target);
  std::vector<Field> columns = target.columns;
  for (auto& column : columns) column.required = false;
  return {
      .copy = CopySql(staging, target),
      .staging = staging,
      .make_staging = fmt::format("CREATE TEMP TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS",
                                  staging, ColumnList(columns)),
      .read = CopySql(staging, target) + " WHERE false",
      .merge = MergeStagedSql(target, staging) + ShareRebuildLock(target),
      .tee = fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {2}", WaitingTable(target),
                         QuotedList(target.columns), staging)};
}

std::string WaitingTable(const Target& target) {
  return "sluice.rebuild_" + Sha256Hex(target.FullName()).substr(0, 16);
}

std::string RebuildLock(const Target& target) {
  return fmt::format("hashtext('sluice rebuild'), hashtext({})", QuoteLiteral(target.FullName()));
}

}  // namespace sluice
