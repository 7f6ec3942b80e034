#include "lake/compaction_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/table_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

class CompactionPlanTest : public TableFixture {
 protected:
  // One data file of so many bytes in a partition.
  void AppendFile(int64_t partition, int64_t bytes) {
    DataFile file = File(std::to_string(++files_), partition, 1);
    file.size_bytes = bytes;
    Append({file});
  }
  // The sizes of each bin's files, smallest first.
  std::vector<std::vector<int64_t>> Bins(const CompactionLimits& limits) {
    const auto jobs = PlanCompaction(*store_, *Load(), limits, Soon());
    EXPECT_TRUE(jobs.has_value());
    jobs_ = jobs->size();
    std::vector<std::vector<int64_t>> bins;
    for (const CompactionJob& job : *jobs) {
      for (const CompactionBin& bin : job.bins) {
        bins.emplace_back();
        for (const LiveFile& file : bin.files) bins.back().push_back(file.size_bytes);
      }
    }
    return bins;
  }
  int files_ = 0;
  size_t jobs_ = 0;
};

constexpr CompactionLimits kLimits{
    .target_file_bytes = 12'800, .max_job_bytes = 25'600, .min_files = 3};

TEST_F(CompactionPlanTest, SmallFilesOfAPartitionGoTogether) {
  for (const int64_t bytes : {60, 50, 70}) AppendFile(1, bytes);
  for (const int64_t bytes : {40, 40}) AppendFile(2, bytes);  // too few
  AppendFile(1, 9'600);                                       // large enough
  EXPECT_THAT(Bins(kLimits), ElementsAre(ElementsAre(50, 60, 70)));
}

TEST_F(CompactionPlanTest, AFileWaitsForOthersOfItsSize) {
  for (const int64_t bytes : {50, 50, 50, 1'000}) AppendFile(1, bytes);
  EXPECT_THAT(Bins(kLimits), ElementsAre(ElementsAre(50, 50, 50)));
  for (int i = 0; i < 17; ++i) AppendFile(1, 50);
  const auto bins = Bins(kLimits);
  ASSERT_EQ(bins.size(), 1U);
  EXPECT_EQ(bins[0].size(), 21U) << "the small ones together are as large by now";
}

TEST_F(CompactionPlanTest, FilesOfAStreamAreNeverQuiteAlike) {
  for (const int64_t bytes : {2'000, 2'010, 2'300, 2'900}) AppendFile(1, bytes);
  EXPECT_THAT(Bins(kLimits), ElementsAre(ElementsAre(2'000, 2'010, 2'300, 2'900)));
}

TEST_F(CompactionPlanTest, ABinIsFullAtTheTarget) {
  for (int i = 0; i < 5; ++i) AppendFile(1, 5'000);
  EXPECT_THAT(Bins({.target_file_bytes = 12'800, .min_files = 2}),
              ElementsAre(ElementsAre(5'000, 5'000), ElementsAre(5'000, 5'000)));
}

TEST_F(CompactionPlanTest, AJobIsBounded) {
  for (int64_t partition = 0; partition < 6; ++partition) {
    for (int i = 0; i < 3; ++i) AppendFile(partition, 3'000);
  }
  EXPECT_EQ(Bins(kLimits).size(), 6U);
  EXPECT_EQ(jobs_, 3U);
}

}  // namespace
}  // namespace sluice
