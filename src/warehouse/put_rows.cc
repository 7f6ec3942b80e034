#include "warehouse/put_rows.h"

#include <fmt/format.h>

#include "core/failpoint.h"

namespace sluice {
namespace {

// 54xxx is a value beyond a limit of PostgreSQL (an index entry over 2.7 kB): the row's fault too.
std::unexpected<Error> OfRow(Error error) {
  if (error.kind == ErrorKind::kFatal && error.code.starts_with("54")) {
    error.kind = ErrorKind::kBadData;
  }
  return Fail(std::move(error));
}

}  // namespace

Status PutRows(SqlSession& session, const RowStatements& statements,
               std::span<const std::string_view> copy_data, int64_t rows) {
  if (!statements.make_staging.empty()) SLUICE_TRY(session.Query(statements.make_staging));
  auto taken = session.CopyIn(statements.copy, copy_data);
  if (!taken) return OfRow(std::move(taken).error());
  SLUICE_FAILPOINT("s4_rows");
  if (*taken != rows) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("PostgreSQL took another number of rows than were sent: {} of {}",
                            *taken, rows),
                fmt::format("does a trigger swallow rows? {}", statements.copy));
  }
  if (statements.merge.empty()) return {};
  auto merged = session.Query(statements.merge);
  if (!merged) return OfRow(std::move(merged).error());
  if (merged->rows.at(0).at(0) != "t") SLUICE_TRY(session.Query(statements.tee));
  return {};
}

}  // namespace sluice
