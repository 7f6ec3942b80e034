#include "stage/row_batch.h"

#include <algorithm>

namespace sluice {
namespace {

bool Contains(const std::vector<RecordId>& sorted, RecordId id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

// Takes the rows of `gone` out of the chunks; untouched chunks stay as they are.
void RemoveRows(Chunks& chunks, const std::vector<RecordId>& gone) {
  std::vector<uint32_t> keep;
  for (auto& chunk : chunks) {
    const LineageView lineage = LineageOf(chunk);
    keep.clear();
    for (size_t row = 0; row < chunk.rows(); ++row) {
      const RecordId id{PartitionId{lineage.partition[row]}, Offset{lineage.offset[row]}};
      if (!Contains(gone, id)) keep.push_back(static_cast<uint32_t>(row));
    }
    if (keep.size() < chunk.rows()) chunk = chunk.Select(keep);
  }
  std::erase_if(chunks, [](const Chunk& chunk) { return chunk.rows() == 0; });
}

}  // namespace

void MoveToQuarantine(RowBatch& batch, std::vector<QuarantineRow> rows) {
  if (rows.empty()) return;
  std::vector<RecordId> gone;
  gone.reserve(rows.size());
  for (const auto& row : rows) gone.push_back(row.reject.id);
  RemoveRows(batch.bronze, gone);
  for (auto& table : batch.silver) RemoveRows(table, gone);
  for (auto& table : batch.left_out) {
    std::erase_if(table, [&](RecordId id) { return Contains(gone, id); });
  }
  for (const RecordId& id : gone) {
    for (auto& counts : batch.ranges) {
      if (counts.range.partition != id.partition) continue;
      --counts.ok;
      ++counts.quarantined;
    }
  }
  std::move(rows.begin(), rows.end(), std::back_inserter(batch.quarantine));
}

}  // namespace sluice
