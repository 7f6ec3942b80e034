#include "transform/silver_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kDetailBytes = 1024;
constexpr size_t kOneByOne = 8;

// Errors that no row can be blamed for: to quarantine on them would depend on the moment.
bool IsDuckDbsOwn(duckdb_error_type type) {
  constexpr std::array kOwn = {
      DUCKDB_ERROR_OUT_OF_MEMORY, DUCKDB_ERROR_INTERNAL,  DUCKDB_ERROR_FATAL,
      DUCKDB_ERROR_INTERRUPT,     DUCKDB_ERROR_IO,        DUCKDB_ERROR_TRANSACTION,
      DUCKDB_ERROR_CONNECTION,    DUCKDB_ERROR_CATALOG,   DUCKDB_ERROR_BINDER,
      DUCKDB_ERROR_PERMISSION,    DUCKDB_ERROR_SCHEDULER, DUCKDB_ERROR_EXECUTOR,
  };
  return std::ranges::find(kOwn, type) != kOwn.end();
}

// Without the excerpt of our composed SQL that DuckDB adds.
std::string CleanMessage(std::string_view message) {
  return Detail(message.substr(0, message.rfind("\n\nLINE ")));
}

}  // namespace

std::string Detail(std::string_view text) {
  return std::string(CutUtf8(EscapeControl(text), kDetailBytes));
}

Result<SilverQuery> SilverQuery::Make(duckdb_connection connection, BronzeFeed& feed,
                                      const std::string& name, const CompiledTable& table,
                                      const Schema& layout) {
  SLUICE_ASSIGN(auto query, Prepare(connection, name, table.sql, layout, CaughtRows::kAll));
  std::optional<Statement> whole;
  if (table.whole_sql) {
    SLUICE_ASSIGN(whole, Prepare(connection, name + "_whole", *table.whole_sql, layout,
                                 CaughtRows::kWhereTrue));
  }
  return SilverQuery(std::move(query), std::move(whole), feed);
}

Result<SilverQuery::Statement> SilverQuery::Prepare(duckdb_connection connection,
                                                    const std::string& name, const std::string& sql,
                                                    const Schema& layout, CaughtRows which) {
  Statement made;
  SLUICE_ASSIGN(made.catcher, RowCatcher::Make(connection, name, layout, which));
  const size_t columns = layout.fields.size() + (which == CaughtRows::kWhereTrue ? 1 : 0);
  const std::string caught = CatchSql(name, sql, columns);
  if (duckdb_prepare(connection, caught.c_str(), made.prepared.out()) != DuckDBSuccess) {
    const char* message = duckdb_prepare_error(made.prepared.get());
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB: {}", message ? message : "no message"));
  }
  return made;
}

Result<QueryOutcome> SilverQuery::Run(const Statement& statement, Arena& arena) {
  statement.catcher->Begin(arena);
  DuckResult result;
  if (duckdb_execute_prepared_streaming(statement.prepared.get(), result.out()) == DuckDBSuccess) {
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.get())) Chunk{chunk};
  }
  Chunks chunks = statement.catcher->Take();
  const char* message = duckdb_result_error(result.out());
  if (message == nullptr) return QueryOutcome{std::move(chunks), {}};
  if (IsDuckDbsOwn(duckdb_result_error_type(result.out()))) {
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB: {}", CleanMessage(message)));
  }
  return QueryOutcome{{}, CleanMessage(message)};
}

Result<QueryOutcome> SilverQuery::RunAll(size_t rows, Arena& arena) {
  feed_->OfferAll();
  const bool whole = whole_ && most_pass_;
  SLUICE_ASSIGN(QueryOutcome outcome, Run(whole ? *whole_ : query_, arena));
  if (whole && outcome.failure) {
    SLUICE_ASSIGN(outcome, Run(query_, arena));
    // A record that WHERE leaves out made it fail: there will be more such.
    if (!outcome.failure) whole_.reset();
  }
  if (!outcome.failure) most_pass_ = RowCount(outcome.chunks) * 2 >= rows;
  return outcome;
}

Result<QueryOutcome> SilverQuery::RunWithout(size_t rows, Arena& arena, std::vector<BadRow>& bad) {
  SLUICE_ASSIGN(QueryOutcome outcome, RunAll(rows, arena));
  if (!outcome.failure) return outcome;
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  SLUICE_TRY(FindBad(all, true, bad));
  for (const BadRow& row : bad) all[row.row] = UINT32_MAX;
  std::erase(all, UINT32_MAX);
  feed_->OfferOnly(all);
  auto rest = Run(query_, arena);
  feed_->OfferAll();
  if (rest && rest->failure) {
    return Fail(ErrorKind::kFatal,
                fmt::format("rows fail together that pass alone: {}", *rest->failure));
  }
  return rest;
}

Result<bool> SilverQuery::Passes(std::span<const uint32_t> rows, std::string& message) {
  Arena unused;  // only whether they pass is asked
  feed_->OfferOnly(rows);
  auto outcome = Run(query_, unused);
  feed_->OfferAll();
  if (!outcome) return Fail(std::move(outcome).error());
  if (outcome->failure) message = std::move(*outcome->failure);
  return !outcome->failure.has_value();
}

Status SilverQuery::FindBad(std::span<const uint32_t> rows, bool known_bad,
                            std::vector<BadRow>& bad) {
  if (rows.empty()) return {};
  std::string message;
  if (!known_bad || rows.size() == 1) {
    SLUICE_ASSIGN(const bool passes, Passes(rows, message));
    if (passes) return {};
    if (rows.size() == 1) {
      bad.push_back({rows[0], std::move(message)});
      return {};
    }
  }
  // Halving the last few one by one would cost twice the runs where most rows are bad.
  const size_t piece = rows.size() <= kOneByOne ? 1 : (rows.size() + 1) / 2;
  const size_t before = bad.size();
  for (size_t start = 0; start < rows.size(); start += piece) {
    const auto part = rows.subspan(start, std::min(piece, rows.size() - start));
    // When all before are clean, the fault lies in the last: no need to try it whole.
    const bool must_be = start + piece >= rows.size() && bad.size() == before;
    SLUICE_TRY(FindBad(part, must_be, bad));
  }
  return {};
}

}  // namespace sluice
