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

Status PutRows(SqlSession& session, const RowStatements& statements, const EncodedRows& rows) {
  if (!statements.make_staging.empty()) SLUICE_TRY(session.Query(statements.make_staging));
  if (!rows.superseded.empty()) {
    auto read = session.CopyIn(statements.read, rows.superseded);
    if (!read) return OfRow(std::move(read).error());
  }
  auto taken = session.CopyIn(statements.copy, rows.copy);
  if (!taken) return OfRow(std::move(taken).error());
  SLUICE_FAILPOINT("s4_rows");
  if (*taken != rows.count) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("PostgreSQL took another number of rows than were sent: {} of {}",
                            *taken, rows.count),
                fmt::format("does a trigger swallow rows? {}", statements.copy));
  }
  if (statements.merge.empty()) return {};
  auto merged = session.Query(statements.merge);
  if (!merged) return OfRow(std::move(merged).error());
  if (merged->rows.at(0).at(0) != "t") SLUICE_TRY(session.Query(statements.tee));
  return {};
}

}  // namespace sluice
