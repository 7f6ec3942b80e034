#include "pipeline/silver_maker.h"

#include <algorithm>

namespace sluice {
namespace {

// Calls visit(id, row) for each row.
template <typename Visit>
void ForEachId(const Chunk& chunk, Visit visit) {
  const LineageView lineage = LineageOf(chunk);
  for (uint32_t row = 0; row < chunk.rows(); ++row) {
    visit(RecordId{PartitionId{lineage.partition[row]}, Offset{lineage.offset[row]}}, row);
  }
}

}  // namespace

Result<std::shared_ptr<RowBatch>> SilverMaker::Make(LogId log, const Chunks& bronze) const {
  auto batch = std::make_shared<RowBatch>();
  batch->log = log;
  batch->arena = std::make_shared<Arena>();
  SLUICE_ASSIGN(Transformed made, transform_.Run(bronze, *batch->arena));
  batch->silver.push_back(std::move(made.silver.at(table_)));
  batch->left_out.push_back(std::move(made.left_out.at(table_)));
  Refuse(*batch, std::move(made.rejects));
  return batch;
}

void Refuse(RowBatch& batch, std::vector<Reject> rejects) {
  std::vector<QuarantineRow> rows;
  for (Reject& reject : rejects) rows.push_back({std::move(reject), Record{}});
  MoveToQuarantine(batch, std::move(rows));
}

RowBatch Restrict(const RowBatch& batch, const std::function<bool(RecordId)>& keep) {
  RowBatch part;
  part.log = batch.log;
  part.arena = batch.arena;
  part.silver.emplace_back();
  for (const Chunk& chunk : batch.silver.at(0)) {
    std::vector<uint32_t> kept;
    ForEachId(chunk, [&](RecordId id, uint32_t row) {
      if (keep(id)) kept.push_back(row);
    });
    if (kept.empty()) continue;
    const bool whole = kept.size() == chunk.rows();
    part.silver[0].push_back(whole ? chunk.Columns(0, chunk.columns()) : chunk.Select(kept));
  }
  part.left_out.push_back(batch.left_out.at(0));
  std::erase_if(part.left_out[0], [&](RecordId id) { return !keep(id); });
  for (const QuarantineRow& row : batch.quarantine) {
    if (keep(row.reject.id)) part.quarantine.push_back(row);
  }
  return part;
}

void AddCounts(const RowBatch& batch, MadeByPlace& counts) {
  for (const Chunk& chunk : batch.silver.at(0)) {
    ForEachId(chunk, [&](RecordId id, uint32_t) { ++counts[{batch.log, id.partition}].rows; });
  }
  for (const RecordId id : batch.left_out.at(0)) ++counts[{batch.log, id.partition}].left_out;
  for (const QuarantineRow& row : batch.quarantine) {
    ++counts[{batch.log, row.reject.id.partition}].refused;
  }
}

MadeCounts SumOf(const MadeByPlace& counts) {
  MadeCounts sum;
  for (const auto& [place, made] : counts) {
    sum.rows += made.rows;
    sum.left_out += made.left_out;
    sum.refused += made.refused;
  }
  return sum;
}

}  // namespace sluice
