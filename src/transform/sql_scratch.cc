#include "transform/sql_scratch.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/text.h"
#include "stage/chunk.h"

namespace sluice {
namespace {

using nlohmann::json;

struct DuckText {
  char* text;
  explicit DuckText(char* owned) : text(owned) {}
  DuckText(const DuckText&) = delete;
  DuckText& operator=(const DuckText&) = delete;
  ~DuckText() { duckdb_free(text); }
  std::string_view view() const { return text ? text : ""; }
};

std::string BronzeView(const BronzeSpec& bronze) {
  std::string columns;
  for (const auto& field : BronzeSchema(bronze.columns).fields) {
    if (!columns.empty()) columns += ", ";
    columns += fmt::format("NULL::{} AS {}", SpellForDuck(field.type), QuoteIdentifier(field.name));
  }
  return fmt::format("CREATE VIEW {}.{} AS SELECT {} WHERE false", QuoteIdentifier(bronze.table.ns),
                     QuoteIdentifier(bronze.table.name), columns);
}

size_t Position(const json& error) {
  const std::string text = error.value("position", "0");
  size_t position = 0;
  std::from_chars(text.data(), text.data() + text.size(), position);
  return position;
}

// Splits `Kind Error: {…}` as written under errors_as_json.
SqlFinding FromJsonError(std::string_view message) {
  const size_t brace = message.find('{');
  const json error =
      brace == std::string_view::npos ? json() : json::parse(message.substr(brace), nullptr, false);
  if (!error.is_object()) return {"E0302", 0, std::string(message)};
  return {"E0302", Position(error), error.value("exception_message", std::string(message))};
}

}  // namespace

std::string SpellForDuck(const Type& type) {
  constexpr std::pair<TypeKind, std::string_view> kNames[] = {
      {TypeKind::kBool, "BOOLEAN"},        {TypeKind::kInt, "INTEGER"},
      {TypeKind::kLong, "BIGINT"},         {TypeKind::kFloat, "FLOAT"},
      {TypeKind::kDouble, "DOUBLE"},       {TypeKind::kString, "VARCHAR"},
      {TypeKind::kBinary, "BLOB"},         {TypeKind::kDate, "DATE"},
      {TypeKind::kTimestamp, "TIMESTAMP"}, {TypeKind::kTimestampTz, "TIMESTAMPTZ"},
  };
  for (const auto& [kind, name] : kNames) {
    if (kind == type.kind) return std::string(name);
  }
  if (type.kind == TypeKind::kDecimal) {
    return fmt::format("DECIMAL({},{})", type.precision, type.scale);
  }
  if (type.kind == TypeKind::kList) return SpellForDuck(type.children.at(0).type) + "[]";
  std::vector<std::string> fields;
  for (const auto& child : type.children) {
    fields.push_back(QuoteIdentifier(child.name) + " " + SpellForDuck(child.type));
  }
  return fmt::format("STRUCT({})", Join(fields, ", "));
}

Result<SqlScratch> SqlScratch::Make(const BronzeSpec& bronze) {
  SLUICE_ASSIGN(auto engine, DuckEngine::Make());
  SLUICE_ASSIGN(auto connection, engine->Connect());
  SLUICE_TRY(DuckQuery(connection.get(),
                       "CREATE SCHEMA IF NOT EXISTS " + QuoteIdentifier(bronze.table.ns)));
  SLUICE_TRY(DuckQuery(connection.get(), BronzeView(bronze)));
  SLUICE_TRY(DuckQuery(connection.get(), "SET errors_as_json = true"));
  return SqlScratch(std::move(engine), std::move(connection));
}

std::expected<json, SqlFinding> SqlScratch::Parse(std::string_view sql) const {
  auto rows =
      TextRows(connection(), fmt::format("SELECT json_serialize_sql({})", QuoteLiteral(sql)));
  if (!rows) return std::unexpected(FromJsonError(rows.error().message));
  json parsed = json::parse(rows->at(0).at(0), nullptr, false);
  if (parsed.is_discarded()) {
    return std::unexpected(SqlFinding{"E0302", 0, "DuckDB's syntax tree cannot be read"});
  }
  if (parsed.value("error", true)) {
    return std::unexpected(
        SqlFinding{"E0302", Position(parsed), parsed.value("error_message", "syntax error")});
  }
  return std::move(parsed["statements"]);
}

std::expected<std::vector<SqlColumn>, SqlFinding> SqlScratch::Describe(
    const std::string& sql) const {
  DuckPrepared prepared;
  if (duckdb_prepare(connection(), sql.c_str(), prepared.out()) != DuckDBSuccess) {
    const char* message = duckdb_prepare_error(prepared.get());
    return std::unexpected(FromJsonError(message ? message : "DuckDB gave no message"));
  }
  std::vector<SqlColumn> columns;
  const idx_t count = duckdb_prepared_statement_column_count(prepared.get());
  for (idx_t i = 0; i < count; ++i) {
    const DuckText name(
        const_cast<char*>(duckdb_prepared_statement_column_name(prepared.get(), i)));
    columns.push_back({std::string(name.view()), "",
                       DuckType(duckdb_prepared_statement_column_logical_type(prepared.get(), i))});
  }
  // A view keeps the type NULL, which a top-level SELECT silently turns into INTEGER.
  auto made = DuckQuery(connection(), "CREATE OR REPLACE VIEW sluice_described AS " + sql);
  if (!made) return std::unexpected(FromJsonError(made.error().message));
  auto types = TextRows(connection(),
                        "SELECT data_type FROM duckdb_columns() WHERE table_name = "
                        "'sluice_described' ORDER BY column_index");
  if (!types) return std::unexpected(FromJsonError(types.error().message));
  for (size_t i = 0; i < columns.size() && i < types->size(); ++i) {
    columns[i].type_text = types->at(i).at(0);
  }
  return columns;
}

Result<std::vector<std::vector<std::string>>> TextRows(duckdb_connection connection,
                                                       const std::string& sql) {
  SLUICE_ASSIGN(DuckResult result, DuckQuery(connection, sql));
  const idx_t columns = duckdb_column_count(result.out());
  std::vector<std::vector<std::string>> rows;
  for (;;) {
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result.get());
    if (chunk == nullptr) return rows;
    const Chunk owned(chunk);
    for (size_t row = 0; row < owned.rows(); ++row) {
      auto& texts = rows.emplace_back();
      for (idx_t column = 0; column < columns; ++column) {
        const duckdb_vector vector = owned.column(column);
        const auto* data = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
        const bool valid = IsValid(duckdb_vector_get_validity(vector), row);
        texts.emplace_back(valid ? ViewOf(data[row]) : std::string_view());
      }
    }
  }
}

}  // namespace sluice
