#include "lake/catalog.h"

#include <fmt/format.h>

namespace sluice {
namespace {

constexpr std::string_view kTakeTurns =
    "SELECT pg_advisory_xact_lock(hashtext('sluice iceberg catalog'))";

constexpr std::string_view kCreate = R"(
CREATE TABLE IF NOT EXISTS iceberg_tables (
  catalog_name VARCHAR(255) NOT NULL,
  table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL,
  metadata_location VARCHAR(1000),
  previous_metadata_location VARCHAR(1000),
  iceberg_type VARCHAR(5),
  PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
  catalog_name VARCHAR(255) NOT NULL,
  namespace VARCHAR(255) NOT NULL,
  property_key VARCHAR(255) NOT NULL,
  property_value VARCHAR(1000) NOT NULL,
  PRIMARY KEY (catalog_name, namespace, property_key)))";

// A process that is only slow between two statements is not taken for a frozen one.
constexpr int64_t kGraceMs = 1'000;

constexpr std::string_view kWhere =
    "WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3";

Result<bool> CatalogExists(SqlSession& session) {
  SLUICE_ASSIGN(const SqlRows rows, session.Query("SELECT to_regclass('iceberg_tables')"));
  return !rows.rows.empty() && rows.rows[0].at(0).has_value();
}

// Catalogs of layout V0 lack the type column; without it every row is a table.
Result<bool> HasTypeColumn(SqlSession& session) {
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query("SELECT 1 FROM pg_attribute WHERE attrelid = "
                              "to_regclass('iceberg_tables') AND attname = 'iceberg_type'"));
  return !rows.rows.empty();
}

Result<std::string> PointerOf(const SqlRow& row, const TableName& name) {
  if (!row.at(0)) {
    return Fail(ErrorKind::kFatal,
                fmt::format("the catalog has no metadata for the table {}", name.Full()));
  }
  return *row[0];
}

}  // namespace

std::string CatalogTablesSql() {
  return std::string(kCreate.substr(1)) + ";\n";
}

Status CreateCatalog(SqlSession& session) {
  SLUICE_TRY(session.Query(kTakeTurns));
  // CREATE … IF NOT EXISTS needs the right to create also where there is nothing to do.
  // A catalog of version 0 may have the first of its two tables only.
  SLUICE_ASSIGN(const SqlRows both,
                session.Query("SELECT to_regclass('iceberg_tables') IS NOT NULL AND "
                              "to_regclass('iceberg_namespace_properties') IS NOT NULL"));
  if (both.rows.at(0).at(0) == "t") return {};
  SLUICE_TRY(session.Query(kCreate));
  return {};
}

Result<std::optional<std::string>> FindPointer(SqlSession& session, const std::string& catalog,
                                               const TableName& name) {
  SLUICE_ASSIGN(const bool exists, CatalogExists(session));
  if (!exists) return std::nullopt;
  const std::vector<SqlValue> key{catalog, name.ns, name.name};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT metadata_location FROM iceberg_tables {}", kWhere), key));
  if (rows.rows.empty()) return std::nullopt;
  SLUICE_ASSIGN(std::string pointer, PointerOf(rows.rows[0], name));
  return pointer;
}

Result<std::optional<std::string>> FindPreviousPointer(SqlSession& session,
                                                       const std::string& catalog,
                                                       const TableName& name) {
  const std::vector<SqlValue> key{catalog, name.ns, name.name};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT previous_metadata_location FROM iceberg_tables {}", kWhere),
                    key));
  return rows.rows.empty() ? std::nullopt : rows.rows[0].at(0);
}

Result<std::string> LockPointer(SqlSession& session, const std::string& catalog,
                                const TableName& name) {
  const std::vector<SqlValue> key{catalog, name.ns, name.name};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query(fmt::format("SELECT metadata_location FROM iceberg_tables {} "
                                          "FOR UPDATE",
                                          kWhere),
                              key));
  if (rows.rows.empty()) {
    return Fail(ErrorKind::kFatal,
                fmt::format("the table {} is gone from the catalog {}", name.Full(), catalog),
                "somebody dropped or renamed it; a new start would make it anew, and empty");
  }
  return PointerOf(rows.rows[0], name);
}

Status BoundWaits(SqlSession& session, SteadyTime deadline) {
  const int64_t left_ms = -ElapsedMs(deadline);
  if (left_ms <= 0) {
    return Fail(ErrorKind::kRetryable, "a lake commit held its tables for too long and let them go",
                "the object store, or a lock in PostgreSQL, is slow");
  }
  const std::vector<SqlValue> limits{std::to_string(left_ms), std::to_string(left_ms + kGraceMs)};
  SLUICE_TRY(
      session.Query("SELECT set_config('lock_timeout', $1, true), "
                    "set_config('idle_in_transaction_session_timeout', $2, true)",
                    limits));
  return {};
}

Status InsertTable(SqlSession& session, const std::string& catalog, const TableName& name,
                   const std::string& pointer) {
  const std::vector<SqlValue> space{catalog, name.ns};
  SLUICE_TRY(
      session.Query("INSERT INTO iceberg_namespace_properties "
                    "VALUES ($1, $2, 'exists', 'true') ON CONFLICT DO NOTHING",
                    space));
  SLUICE_ASSIGN(const bool typed, HasTypeColumn(session));
  const std::vector<SqlValue> values{catalog, name.ns, name.name, pointer};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("INSERT INTO iceberg_tables (catalog_name, table_namespace, "
                                "table_name, metadata_location{}) VALUES ($1, $2, $3, $4{}) "
                                "ON CONFLICT DO NOTHING",
                                typed ? ", iceberg_type" : "", typed ? ", 'TABLE'" : ""),
                    values));
  if (rows.affected == 1) return {};
  return Fail(ErrorKind::kRetryable,
              fmt::format("somebody else just made the table {}", name.Full()));
}

Status SwapPointer(SqlSession& session, const std::string& catalog, const TableName& name,
                   const std::string& from, const std::string& to) {
  const std::vector<SqlValue> values{catalog, name.ns, name.name, from, to};
  SLUICE_ASSIGN(const SqlRows rows,
                session.Query(fmt::format("UPDATE iceberg_tables SET metadata_location = $5, "
                                          "previous_metadata_location = $4 {} "
                                          "AND metadata_location = $4",
                                          kWhere),
                              values));
  if (rows.affected == 1) return {};
  return Fail(ErrorKind::kRetryable,
              fmt::format("another engine committed to the table {} first", name.Full()));
}

Result<std::vector<TableName>> ListTables(SqlSession& session, const std::string& catalog) {
  std::vector<TableName> names;
  SLUICE_ASSIGN(const bool exists, CatalogExists(session));
  if (!exists) return names;
  SLUICE_ASSIGN(const bool typed, HasTypeColumn(session));
  const std::vector<SqlValue> key{catalog};
  SLUICE_ASSIGN(
      const SqlRows rows,
      session.Query(fmt::format("SELECT table_namespace, table_name FROM iceberg_tables "
                                "WHERE catalog_name = $1{} ORDER BY 1, 2",
                                typed ? " AND coalesce(iceberg_type, 'TABLE') = 'TABLE'" : ""),
                    key));
  for (const SqlRow& row : rows.rows) {
    names.push_back({row.at(0).value_or(""), row.at(1).value_or("")});
  }
  return names;
}

}  // namespace sluice
