#include "pipeline/lake_query.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "lake/local_files.h"
#include "lake/reader.h"
#include "lake/scan.h"
#include "pipeline/scratch.h"
#include "stage/duck.h"

namespace sluice {
namespace {

constexpr size_t kNamesInHint = 10;

Status MakeView(const Spec& spec, Services& services, SqlSession& session, duckdb_connection duck,
                const TableName& name, const std::string& scratch) {
  SLUICE_ASSIGN(const LakeTableState table,
                LoadLakeTable(session, spec.lake.catalog, name, *services.store));
  std::vector<LiveFile> files;
  if (table.current) {
    SLUICE_ASSIGN(files, ListLiveFiles(*table.current, table, *services.store));
  }
  SLUICE_ASSIGN(const auto local, FetchFiles(files, *services.store, scratch));
  const std::string schema = QuoteIdentifier(name.ns);
  SLUICE_TRY(DuckQuery(duck, "CREATE SCHEMA IF NOT EXISTS " + schema));
  SLUICE_TRY(DuckQuery(duck, fmt::format("CREATE VIEW {}.{} AS SELECT * FROM {}", schema,
                                         QuoteIdentifier(name.name), ScanSql(table, local))));
  return {};
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

bool Contains(const std::string& sql, const std::string& name) {
  const std::string quoted = QuoteIdentifier(name);  // its quotes are doubled
  return sql.find(LowerCase(quoted.substr(1, quoted.size() - 2))) != std::string::npos;
}

// Whether a statement may read a table: it does not without its names. So only what may be needed
// is fetched.
bool MayRead(const std::string& lower_sql, const TableName& name) {
  return Contains(lower_sql, name.ns) && Contains(lower_sql, name.name);
}

// One SELECT and nothing else: the lake is changed by commits only.
Status CheckSelect(duckdb_connection duck, const std::string& sql, const std::string& hint) {
  duckdb_extracted_statements statements = nullptr;
  const idx_t count = duckdb_extract_statements(duck, sql.c_str(), &statements);
  const char* const message = count == 0 ? duckdb_extract_statements_error(statements) : nullptr;
  std::string problem = message != nullptr ? message : "";
  DuckPrepared prepared;
  if (count == 1 &&
      duckdb_prepare_extracted_statement(duck, statements, 0, prepared.out()) != DuckDBSuccess) {
    problem = duckdb_prepare_error(prepared.get());
  } else if (count > 1) {
    problem = "give one statement";
  } else if (count == 1 &&
             duckdb_prepared_statement_type(prepared.get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
    problem = "only a SELECT may run here";
  }
  duckdb_destroy_extracted(&statements);
  if (problem.empty() && count == 1) return {};
  if (problem.empty()) problem = "there is no statement";
  return Fail(ErrorKind::kUsage, problem.substr(0, problem.find('\n')), hint);
}

std::string HintOf(const std::vector<TableName>& names) {
  if (names.empty()) return "the lake has no tables yet: start `sluice run`";
  std::vector<std::string> known;
  for (size_t i = 0; i < names.size() && i < kNamesInHint; ++i) known.push_back(names[i].Full());
  return "the lake has " + Join(known, ", ") + (names.size() > known.size() ? ", …" : "");
}

Result<LakeRows> Run(duckdb_connection duck, const std::string& sql) {
  auto ran = DuckQuery(duck, sql);
  if (!ran) return Fail(ErrorKind::kUsage, ran.error().message);
  LakeRows answer;
  duckdb_result* const result = ran->out();
  const idx_t columns = duckdb_column_count(result);
  for (idx_t column = 0; column < columns; ++column) {
    answer.columns.emplace_back(duckdb_column_name(result, column));
  }
  answer.rows.resize(duckdb_row_count(result));
  for (idx_t row = 0; row < answer.rows.size(); ++row) {
    for (idx_t column = 0; column < columns; ++column) {
      char* const text = duckdb_value_varchar(result, column, row);
      answer.rows[row].push_back(text == nullptr ? std::nullopt : std::optional<std::string>(text));
      duckdb_free(text);
    }
  }
  return answer;
}

}  // namespace

Result<LakeRows> QueryLake(const Spec& spec, Services& services, SqlSession& session,
                           const std::string& sql) {
  SLUICE_ASSIGN(const auto engine, DuckEngine::Make());
  SLUICE_ASSIGN(const auto duck, engine->Connect());
  const ScratchFolder scratch(spec.StateFolder());
  SLUICE_ASSIGN(const auto names, ListLakeTables(session, spec.lake.catalog));
  SLUICE_TRY(DuckQuery(duck.get(), "SET temp_directory = " + QuoteLiteral(scratch.path())));
  const std::string lower_sql = LowerCase(sql);
  for (const auto& name : names) {
    if (!MayRead(lower_sql, name)) continue;
    SLUICE_TRY(MakeView(spec, services, session, duck.get(), name, scratch.path()));
  }
  SLUICE_TRY(CheckSelect(duck.get(), sql, HintOf(names)));
  const std::string body = sql.substr(0, sql.find_last_not_of("; \t\r\n") + 1);
  return Run(duck.get(), "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (" + body + "\n)");
}

}  // namespace sluice
