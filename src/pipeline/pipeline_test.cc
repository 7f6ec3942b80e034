#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/batch_builder.h"
#include "pipeline/batch_split.h"
#include "pipeline/byte_budget.h"
#include "pipeline/lake_pending.h"

namespace sluice {
namespace {

RawBatch BatchOf(std::vector<std::pair<int32_t, int64_t>> records,
                 std::vector<OffsetRange> ranges) {
  RawBatch batch;
  batch.arena = std::make_shared<Arena>();
  batch.ranges = std::move(ranges);
  for (const auto& [partition, offset] : records) {
    Record record;
    record.partition = PartitionId{partition};
    record.offset = Offset{offset};
    record.value = batch.arena->Copy("value " + std::to_string(offset));
    batch.records.push_back(std::move(record));
  }
  return batch;
}

TEST(PipelineTest, SplitCutsEachPartitionAtItsMark) {
  auto [below, rest] = SplitBatch(
      BatchOf({{0, 5}, {1, 7}, {0, 6}, {1, 8}},
              {{PartitionId{0}, Offset{5}, Offset{7}}, {PartitionId{1}, Offset{7}, Offset{9}}}),
      {{PartitionId{0}, Offset{6}}, {PartitionId{1}, Offset{7}}});
  ASSERT_EQ(below.ranges.size(), 1U);
  EXPECT_EQ(below.ranges[0], (OffsetRange{PartitionId{0}, Offset{5}, Offset{6}}));
  ASSERT_EQ(below.records.size(), 1U);
  EXPECT_EQ(*below.records[0].value, "value 5");
  ASSERT_EQ(rest.ranges.size(), 2U);
  EXPECT_EQ(rest.ranges[0], (OffsetRange{PartitionId{0}, Offset{6}, Offset{7}}));
  EXPECT_EQ(rest.records.size(), 3U);
}

TEST(PipelineTest, SplitKeepsABatchThatNobodyHas) {
  auto [below, rest] = SplitBatch(BatchOf({{0, 5}}, {{PartitionId{0}, Offset{5}, Offset{6}}}), {});
  EXPECT_TRUE(below.ranges.empty());
  EXPECT_EQ(rest.records.size(), 1U);
}

TEST(PipelineTest, SplitMayLieInAGap) {
  auto [below, rest] =
      SplitBatch(BatchOf({{0, 2}, {0, 9}}, {{PartitionId{0}, Offset{2}, Offset{10}}}),
                 {{PartitionId{0}, Offset{5}}});
  EXPECT_EQ(below.ranges[0].end, Offset{5});
  EXPECT_EQ(rest.ranges[0].start, Offset{5});
  EXPECT_EQ(below.records.size(), 1U);
  EXPECT_EQ(rest.records.size(), 1U);
}

TEST(PipelineTest, RemovesWhatTheQuarantineHolds) {
  RawBatch batch = BatchOf({{0, 1}, {0, 2}, {1, 2}}, {{PartitionId{0}, Offset{1}, Offset{3}}});
  const std::vector<Offset> kept_out{Offset{2}, Offset{40}};
  EXPECT_EQ(RemoveRecords(batch, PartitionId{0}, kept_out), 1);
  EXPECT_EQ(batch.records.size(), 2U);
}

TEST(PipelineTest, PendingAddsUpRangesAndKeepsRejects) {
  LakePending pending;
  RowBatch rows;
  rows.ranges = {{{PartitionId{0}, Offset{0}, Offset{10}}, 10, 8, 1, 1}};
  rows.left_out = {{{PartitionId{0}, Offset{4}}}};
  QuarantineRow reject;
  reject.reject = {{PartitionId{0}, Offset{3}}, "json_syntax"};
  std::string bytes = "{";
  reject.record.value = bytes;
  auto arena = std::make_shared<Arena>();
  arena->Copy("a record of some bytes");
  rows.arena = arena;
  rows.quarantine.push_back(reject);
  pending.Add(rows, {Epoch{7}}, {"processed.books"}, true);
  bytes = "?";
  rows.quarantine.clear();
  rows.ranges = {{{PartitionId{0}, Offset{10}, Offset{15}}, 5, 5, 0, 0}};
  pending.Add(rows, {Epoch{7}}, {"processed.books"}, true);

  const Staged staged = pending.Stage(CommitId::Random(), LogId{1});
  ASSERT_EQ(staged.ranges.size(), 1U);
  EXPECT_EQ(staged.ranges[0].counts.range, (OffsetRange{PartitionId{0}, Offset{0}, Offset{15}}));
  EXPECT_EQ(staged.ranges[0].counts.delivered, 15);
  EXPECT_EQ(staged.ranges[0].counts.ok, 13);
  EXPECT_EQ(staged.ranges[0].epoch, Epoch{7});
  EXPECT_GT(arena->bytes(), 0U);
  EXPECT_EQ(pending.record_bytes(), 2 * static_cast<int64_t>(arena->bytes()));
  EXPECT_EQ(staged.ranges[0].left_out.at("processed.books"), 2);
  ASSERT_EQ(staged.quarantine.size(), 1U);
  EXPECT_EQ(*staged.quarantine[0]->record.value, "{") << "the batch's bytes are copied";
  pending.Clear();
  EXPECT_TRUE(pending.empty());
  EXPECT_EQ(pending.record_bytes(), 0);
}

TEST(PipelineTest, WorkersShareTheBytesOfAProcess) {
  EXPECT_EQ(ByteShare::Of(1).batch, 12 << 20);
  for (const int32_t workers : {1, 2, 8}) {
    const ByteShare one = ByteShare::Of(workers);
    // With the batch whose commit is under way.
    EXPECT_LE(workers * (one.fetched_ahead + 2 * one.batch + one.lake_waiting), kBudgetBytes);
  }
  EXPECT_EQ(ByteShare::Of(1000).batch, 1 << 20) << "the least that is worth a commit";
}

TEST(PipelineTest, RejectsFindTheirRecords) {
  const RawBatch raw = BatchOf({{0, 1}, {0, 2}}, {{PartitionId{0}, Offset{1}, Offset{3}}});
  const auto rows = WithRecords(raw, {{{PartitionId{0}, Offset{2}}, "sql_failed"}});
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows->at(0).record.value, "value 2");
  const auto unknown = WithRecords(raw, {{{PartitionId{0}, Offset{3}}, "sql_failed"}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::kInvariant);
}

}  // namespace
}  // namespace sluice
