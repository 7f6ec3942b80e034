#include "warehouse/row_refusals.h"

#include <fmt/format.h>

#include "core/text.h"
#include "warehouse/copy_encoder.h"
#include "warehouse/key_order.h"
#include "warehouse/put_rows.h"

namespace sluice {
namespace {

constexpr size_t kDetailBytes = 1024;

std::string ReasonOf(const Error& error) {
  // bad-input's own name for what only PostgreSQL can know.
  if (error.code == "54000") return "index_key_too_large";
  return "warehouse_rejected:" + error.code;
}

class Search {
 public:
  Search(SqlSession& session, const Target& target, const Chunks& chunks)
      : session_(session), target_(target), statements_(RowStatementsFor(target)) {
    CopyEncoder encoder(target.columns);
    for (const auto& chunk : chunks) {
      encoder.Encode(chunk, data_, &rows_);
      const LineageView lineage = LineageOf(chunk);
      for (size_t row = 0; row < chunk.rows(); ++row) {
        ids_.push_back({PartitionId{lineage.partition[row]}, Offset{lineage.offset[row]}});
      }
    }
  }

  Result<std::vector<Reject>> Run() {
    if (!rows_.empty()) SLUICE_TRY(Split(0, rows_.size()));
    return std::move(rejects_);
  }

 private:
  Status Split(size_t first, size_t count) {
    const Status put = Try(first, count);
    if (put) return {};
    if (put.error().kind != ErrorKind::kBadData) return put;
    if (count == 1) {
      Refuse(ids_[first], put.error());
      return {};
    }
    SLUICE_TRY(Split(first, count / 2));
    return Split(first + count / 2, count - count / 2);
  }

  Status Try(size_t first, size_t count) {
    SLUICE_TRY(session_.Query("SAVEPOINT sluice_try"));
    const Status put = PutRows(session_, statements_, Part(first, count));
    // Staged rows of an upsert must not be merged again with the next part.
    const std::string clear =
        put && !statements_.merge.empty() ? fmt::format("TRUNCATE {}; ", statements_.staging) : "";
    if (session_.IsAlive()) {
      SLUICE_TRY(session_.Query(clear + (put ? "RELEASE SAVEPOINT sluice_try"
                                             : "ROLLBACK TO SAVEPOINT sluice_try; "
                                               "RELEASE SAVEPOINT sluice_try")));
    }
    return put;
  }

  EncodedRows Part(size_t first, size_t count) const {
    const auto part = std::span(rows_).subspan(first, count);
    std::vector<std::string_view> rows(part.begin(), part.end());
    if (target_.spec.mode == WriteMode::kUpsert) return OrderByKey(target_, rows);
    return {AsCopy(std::move(rows)), static_cast<int64_t>(count)};
  }

  void Refuse(RecordId id, const Error& error) {
    const std::string detail = fmt::format("{}: {}", target_.FullName(), error.message);
    rejects_.push_back({.id = id,
                        .reason = ReasonOf(error),
                        .detail = std::string(CutUtf8(detail, kDetailBytes))});
  }

  SqlSession& session_;
  const Target& target_;
  const RowStatements statements_;
  CopyData data_;
  std::vector<std::string_view> rows_;
  std::vector<RecordId> ids_;
  std::vector<Reject> rejects_;
};

}  // namespace

Result<std::vector<Reject>> FindRefusedRows(SqlSession& session, const Target& target,
                                            const Chunks& chunks) {
  return Search(session, target, chunks).Run();
}

}  // namespace sluice
