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
                                      const std::string& name, const std::string& sql,
                                      const Schema& layout) {
  SLUICE_ASSIGN(auto catcher, RowCatcher::Make(connection, name, layout));
  DuckPrepared prepared;
  const std::string caught = CatchSql(name, sql, layout.fields.size());
  if (duckdb_prepare(connection, caught.c_str(), prepared.out()) != DuckDBSuccess) {
    const char* message = duckdb_prepare_error(prepared.get());
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB: {}", message ? message : "no message"));
  }
  return SilverQuery(std::move(prepared), feed, std::move(catcher));
}

Result<QueryOutcome> SilverQuery::Run(Arena& arena) {
  catcher_->Begin(arena);
  DuckResult result;
  if (duckdb_execute_prepared_streaming(prepared_.get(), result.out()) == DuckDBSuccess) {
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.get())) Chunk{chunk};
  }
  Chunks chunks = catcher_->Take();
  const char* message = duckdb_result_error(result.out());
  if (message == nullptr) return QueryOutcome{std::move(chunks), {}};
  if (IsDuckDbsOwn(duckdb_result_error_type(result.out()))) {
    return Fail(ErrorKind::kFatal, fmt::format("DuckDB: {}", CleanMessage(message)));
  }
  return QueryOutcome{{}, CleanMessage(message)};
}

Result<QueryOutcome> SilverQuery::RunWithout(size_t rows, Arena& arena, std::vector<BadRow>& bad) {
  feed_->OfferAll();
  SLUICE_ASSIGN(QueryOutcome outcome, Run(arena));
  if (!outcome.failure) return outcome;
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0U);
  SLUICE_TRY(FindBad(all, true, bad));
  for (const BadRow& row : bad) all[row.row] = UINT32_MAX;
  std::erase(all, UINT32_MAX);
  feed_->OfferOnly(all);
  auto rest = Run(arena);
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
  auto outcome = Run(unused);
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
