#include "pipeline/batch_builder.h"

#include <fmt/format.h>

#include <map>

namespace sluice {
namespace {

RangeCounts* FindRange(std::vector<RangeCounts>& ranges, PartitionId partition) {
  for (auto& counts : ranges) {
    if (counts.range.partition == partition) return &counts;
  }
  return nullptr;
}

std::unexpected<Error> Uneven(std::string_view what, size_t got, int64_t wanted) {
  return Fail(ErrorKind::kInvariant,
              fmt::format("{} has {} rows where {} records were accepted", what, got, wanted));
}

// Delivered, quarantined and skipped by range; what is left is ok.
Status CountRanges(const RawBatch& raw, const Decoded& decoded, RowBatch& batch) {
  for (const auto& range : raw.ranges) batch.ranges.push_back({.range = range});
  const auto count = [&](PartitionId partition, int64_t RangeCounts::* field) -> Status {
    RangeCounts* const counts = FindRange(batch.ranges, partition);
    if (counts == nullptr) {
      return Fail(
          ErrorKind::kInvariant,
          fmt::format("a record of partition {} lies outside the batch's ranges", partition.value));
    }
    ++(counts->*field);
    return {};
  };
  for (const auto& record : raw.records)
    SLUICE_TRY(count(record.partition, &RangeCounts::delivered));
  for (const auto& reject : decoded.rejects) {
    SLUICE_TRY(count(reject.id.partition, &RangeCounts::quarantined));
  }
  for (const auto& id : decoded.skipped) SLUICE_TRY(count(id.partition, &RangeCounts::skipped));
  for (auto& counts : batch.ranges)
    counts.ok = counts.delivered - counts.quarantined - counts.skipped;
  return {};
}

int64_t Accepted(const RowBatch& batch) {
  int64_t ok = 0;
  for (const auto& counts : batch.ranges) ok += counts.ok;
  return ok;
}

Status CheckEven(const RowBatch& batch) {
  const int64_t ok = Accepted(batch);
  if (static_cast<int64_t>(RowCount(batch.bronze)) != ok) {
    return Uneven("bronze", RowCount(batch.bronze), ok);
  }
  for (size_t table = 0; table < batch.silver.size(); ++table) {
    const size_t rows = RowCount(batch.silver[table]) + batch.left_out[table].size();
    if (static_cast<int64_t>(rows) != ok) return Uneven("silver", rows, ok);
  }
  return {};
}

}  // namespace

Result<std::vector<QuarantineRow>> WithRecords(const RawBatch& raw, std::vector<Reject> rejects) {
  std::vector<QuarantineRow> rows;
  if (rejects.empty()) return rows;
  std::map<RecordId, const Record*> by_id;
  for (const auto& reject : rejects) by_id[reject.id] = nullptr;
  for (const auto& record : raw.records) {
    const auto found = by_id.find(RecordId{record.partition, record.offset});
    if (found != by_id.end()) found->second = &record;
  }
  for (auto& reject : rejects) {
    const Record* const record = by_id[reject.id];
    if (record == nullptr) {
      return Fail(ErrorKind::kInvariant,
                  fmt::format("a reject names partition {} offset {}, which is not in the batch",
                              reject.id.partition.value, reject.id.offset.value));
    }
    rows.push_back({std::move(reject), *record});
  }
  return rows;
}

Result<std::shared_ptr<RowBatch>> BatchBuilder::Build(const RawBatch& raw) {
  SLUICE_ASSIGN(Decoded decoded, decoder_.Decode(raw));
  counters_.nan_as_null += decoded.nan_as_null;
  auto batch = std::make_shared<RowBatch>();
  batch->log = raw.log;
  batch->arena = raw.arena;
  SLUICE_TRY(CountRanges(raw, decoded, *batch));
  batch->bronze = std::move(decoded.rows);
  SLUICE_ASSIGN(batch->quarantine, WithRecords(raw, std::move(decoded.rejects)));
  if (transform_ != nullptr) SLUICE_TRY(RunTransform(raw, *batch));
  SLUICE_TRY(CheckEven(*batch));
  return batch;
}

Status BatchBuilder::RunTransform(const RawBatch& raw, RowBatch& batch) {
  SLUICE_ASSIGN(Transformed transformed, transform_->Run(batch.bronze, *batch.arena));
  for (const auto& count : transformed.expectations)
    counters_.expectations[count.name] += count.failed;
  batch.silver = std::move(transformed.silver);
  batch.left_out = std::move(transformed.left_out);
  SLUICE_ASSIGN(auto rows, WithRecords(raw, std::move(transformed.rejects)));
  MoveToQuarantine(batch, std::move(rows));
  return {};
}

}  // namespace sluice
