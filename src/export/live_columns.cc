#include "export/live_columns.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sluice {

Result<std::vector<LiveColumn>> ReadLiveColumns(SqlSession& session, const std::string& schema,
                                                const std::string& name) {
  const std::array<SqlValue, 2> params{schema, name};
  SLUICE_ASSIGN(const SqlRows found,
                session.Query("SELECT a.attname, format_type(a.atttypid, a.atttypmod), "
                              "coalesce(col_description(c.oid, a.attnum), '') "
                              "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                              "JOIN pg_attribute a ON a.attrelid = c.oid "
                              "WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 "
                              "AND NOT a.attisdropped ORDER BY a.attnum",
                              params));
  std::vector<LiveColumn> columns;
  for (const auto& row : found.rows) columns.push_back({*row[0], *row[1], *row[2]});
  return columns;
}

std::string SupersetType(const std::string& type) {
  // SQLAlchemy's names, where they are not PostgreSQL's in capitals.
  if (type.starts_with("character varying")) return "VARCHAR" + type.substr(17);
  if (type.starts_with("character(")) return "CHAR" + type.substr(9);
  std::string name;
  for (const char c : type) {
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (c == ',') name += ' ';
  }
  return name;
}

}  // namespace sluice
