#include "warehouse/live_table.h"

#include <array>
#include <charconv>
#include <map>
#include <span>

#include "core/text.h"

namespace sluice {
namespace {

// What a commit does: COPY, and for an upsert a comparison with the row that is there.
constexpr std::string_view kRelation =
    "SELECT c.relkind, c.relpersistence = 'p', row_security_active(c.oid), current_user, "
    "  array_to_string(array("
    "    SELECT wanted FROM unnest($3::text[]) AS wanted WHERE CASE wanted "
    "      WHEN 'USAGE' THEN NOT has_schema_privilege(n.oid, wanted) "
    "      ELSE NOT has_table_privilege(c.oid, wanted) END), ',') "
    "FROM pg_catalog.pg_namespace n "
    "LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2 "
    "WHERE n.nspname = $1";

constexpr std::string_view kColumns =
    "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "       a.atthasdef OR a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a' "
    "FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped "
    "ORDER BY a.attnum";

// indnullsnotdistinct exists from 15 on; read through jsonb, its absence is no error.
constexpr std::string_view kKeys =
    "SELECT i.indexrelid, coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false), "
    "       a.attname "
    "FROM pg_catalog.pg_index i "
    "JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
    "WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indimmediate "
    "  AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL "
    "  AND array_position(i.indkey[0:i.indnkeyatts - 1], a.attnum) IS NOT NULL";

bool IsTrue(const SqlValue& value) {
  return value == "t";
}

std::vector<LiveKey> KeysOf(const SqlRows& rows) {
  std::map<std::string, LiveKey> by_index;
  for (const auto& row : rows.rows) {
    LiveKey& key = by_index[row.at(0).value_or("")];
    key.nulls_not_distinct = IsTrue(row.at(1));
    key.columns.insert(row.at(2).value_or(""));
  }
  std::vector<LiveKey> keys;
  for (auto& [index, key] : by_index) keys.push_back(std::move(key));
  return keys;
}

}  // namespace

const LiveColumn* LiveTable::Find(const std::string& name) const {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Result<LiveTable> ReadLiveTable(SqlSession& session, const Target& target) {
  const std::array<SqlValue, 3> params{target.spec.schema, target.spec.table,
                                       ArrayOf(RightsFor(target))};
  const std::span<const SqlValue> names = std::span(params).first(2);
  LiveTable live;
  SLUICE_ASSIGN(const SqlRows relation, session.Query(kRelation, params));
  live.schema_exists = !relation.rows.empty();
  if (!live.schema_exists || !relation.rows[0].at(0)) return live;
  const SqlRow& row = relation.rows[0];
  live.kind = row.at(0)->at(0);
  live.logged = IsTrue(row.at(1));
  live.row_security = IsTrue(row.at(2));
  live.role = row.at(3).value_or("");
  const std::string missing = row.at(4).value_or("");
  if (!missing.empty()) live.missing_rights = Split(missing, ',');
  SLUICE_ASSIGN(const SqlRows columns, session.Query(kColumns, names));
  for (const auto& column : columns.rows) {
    live.columns.push_back({column.at(0).value_or(""), column.at(1).value_or(""),
                            IsTrue(column.at(2)), IsTrue(column.at(3)), IsTrue(column.at(4))});
  }
  SLUICE_ASSIGN(const SqlRows keys, session.Query(kKeys, names));
  live.keys = KeysOf(keys);
  return live;
}

Result<int> ReadServerVersion(SqlSession& session) {
  SLUICE_ASSIGN(const SqlRows rows, session.Query("SHOW server_version_num"));
  const std::string text = rows.rows.at(0).at(0).value_or("");
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

}  // namespace sluice
