#include "pipeline/storm_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr PartitionId kPartition{3};

// One batch: offsets [start, start + count), of which `is_bad` chooses the bad ones.
struct Batch {
  RawBatch raw;
  RowBatch rows;

  template <typename IsBad>
  Batch(int64_t start, int64_t count, IsBad&& is_bad, PartitionId partition = kPartition) {
    RangeCounts counts;
    counts.range = {partition, Offset{start}, Offset{start + count}};
    for (int64_t offset = start; offset < start + count; ++offset) {
      Record& record = raw.records.emplace_back();
      record.partition = partition;
      record.offset = Offset{offset};
      ++counts.delivered;
      if (is_bad(offset)) {
        ++counts.quarantined;
        rows.quarantine.push_back({{{partition, Offset{offset}}, "json_syntax"}, {}});
      } else {
        ++counts.ok;
      }
    }
    raw.ranges.push_back(counts.range);
    rows.ranges.push_back(counts);
  }
};

const auto kAll = [](int64_t) { return true; };
const auto kNone = [](int64_t) { return false; };

TEST(StormWatch, AFewBadOnesAtTheStartAreNoStorm) {
  const StormWatch watch({.share_percent = 50, .of_last = 1000});
  EXPECT_THAT(watch.Look(Batch(0, 3, kAll).raw, Batch(0, 3, kAll).rows), testing::IsEmpty());
  const Batch half(0, 500, kAll);
  EXPECT_THAT(watch.Look(half.raw, half.rows), testing::IsEmpty()) << "half is not more than half";
}

TEST(StormWatch, CutsAtTheFirstBadRecordOfTheStorm) {
  const StormWatch watch({.share_percent = 50, .of_last = 1000});
  const Batch batch(0, 40'000, [](int64_t offset) { return offset >= 30'000; });
  const auto storms = watch.Look(batch.raw, batch.rows);
  ASSERT_EQ(storms.size(), 1U);
  EXPECT_EQ(storms[0].partition, kPartition);
  EXPECT_EQ(storms[0].cut, Offset{30'000});
  EXPECT_EQ(storms[0].bad, 501);
  EXPECT_EQ(storms[0].reasons.at("json_syntax"), 501);
}

TEST(StormWatch, AnEarlyBadRecordDoesNotMoveTheCut) {
  const StormWatch watch({.share_percent = 50, .of_last = 1000});
  const Batch batch(0, 10'000, [](int64_t offset) { return offset == 7 || offset >= 5'000; });
  const auto storms = watch.Look(batch.raw, batch.rows);
  ASSERT_EQ(storms.size(), 1U);
  EXPECT_EQ(storms[0].cut, Offset{5'000}) << "offset 7 is no longer among the last 1,000";
}

TEST(StormWatch, RemembersWhatWasCommitted) {
  StormWatch watch({.share_percent = 50, .of_last = 1000});
  for (int64_t start = 0; start < 500; start += 10) {
    const Batch batch(start, 10, kAll);
    ASSERT_THAT(watch.Look(batch.raw, batch.rows), testing::IsEmpty()) << start;
    watch.Pass(batch.raw, batch.rows);
  }
  const Batch last(500, 10, kAll);
  const auto storms = watch.Look(last.raw, last.rows);
  ASSERT_EQ(storms.size(), 1U);
  EXPECT_EQ(storms[0].cut, Offset{500}) << "what came before is committed";
  EXPECT_EQ(storms[0].bad, 501);
  EXPECT_EQ(storms[0].reasons.at("json_syntax"), 1) << "of this batch";
}

TEST(StormWatch, GoodRecordsPushBadOnesOut) {
  StormWatch watch({.share_percent = 50, .of_last = 1000});
  for (int64_t start = 0; start < 20'000; start += 1'000) {
    const bool bad = start / 1'000 % 2 == 0;
    const Batch batch(start, 1'000, [&](int64_t offset) { return bad && offset % 1'000 < 400; });
    ASSERT_THAT(watch.Look(batch.raw, batch.rows), testing::IsEmpty()) << start;
    watch.Pass(batch.raw, batch.rows);
  }
}

TEST(StormWatch, PartitionsAreApart) {
  StormWatch watch({.share_percent = 50, .of_last = 1000});
  const Batch batch(0, 400, kAll);
  watch.Pass(batch.raw, batch.rows);
  const Batch other(0, 400, kAll, PartitionId{4});
  EXPECT_THAT(watch.Look(other.raw, other.rows), testing::IsEmpty());
}

TEST(StormWatch, AtAHundredPercentThereIsNone) {
  const StormWatch watch({.share_percent = 100, .of_last = 10});
  const Batch batch(0, 10'000, kAll);
  EXPECT_THAT(watch.Look(batch.raw, batch.rows), testing::IsEmpty());
}

TEST(StormWatch, AGoodBatchIsNoStorm) {
  StormWatch watch({.share_percent = 1, .of_last = 10});
  const Batch batch(0, 10'000, kNone);
  EXPECT_THAT(watch.Look(batch.raw, batch.rows), testing::IsEmpty());
  const Batch one(10'000, 1, kAll);
  EXPECT_EQ(watch.Look(one.raw, one.rows).size(), 1U) << "1% of 10 is none at all";
}

}  // namespace
}  // namespace sluice
