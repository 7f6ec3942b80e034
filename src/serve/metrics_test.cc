#include "serve/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <set>

#include "core/text.h"
#include "serve/board_fixture_test.h"
#include "serve/metric_text.h"

namespace sluice {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> Lines(const StatusBoard& board, const About& about = BooksAbout()) {
  const ProcessStats process{.resident_bytes = 4096, .cpu_seconds = 1.5, .open_files = 7};
  return Split(MetricsText(about, board.Snapshot(), process, Now()), '\n');
}

TEST(MetricsTest, SumsWorkersAndKeepsPartitionsApart) {
  StatusBoard board;
  FillBoard(board);
  const auto lines = Lines(board);
  for (const char* const line : {
           R"(sluice_build_info{pipeline="books",version="1.2.3"} 1)",
           R"(sluice_ready{pipeline="books"} 1)",
           R"(sluice_workers{pipeline="books",state="running"} 2)",
           R"(sluice_records_total{pipeline="books",result="ok"} 146)",
           R"(sluice_records_total{pipeline="books",result="quarantined"} 3)",
           R"(sluice_records_total{pipeline="books",result="skipped"} 1)",
           R"(sluice_quarantined_total{pipeline="books",reason="json_syntax"} 2)",
           R"(sluice_quarantined_total{pipeline="books",reason="expectation:title \"x\"\n"} 1)",
           R"(sluice_expectation_failures_total{pipeline="books",name="sales_positive"} 4)",
           R"(sluice_nan_as_null_total{pipeline="books"} 6)",
           R"(sluice_gap_offsets_total{pipeline="books"} 9)",
           R"(sluice_broker_errors_total{pipeline="books"} 2)",
           R"(sluice_commits_total{pipeline="books",sink="warehouse"} 15)",
           R"(sluice_commits_total{pipeline="books",sink="lake"} 2)",
           R"(sluice_last_commit_timestamp_seconds{pipeline="books",sink="warehouse"} 1700000055)",
           R"(sluice_commit_retries_total{pipeline="books"} 2)",
           R"(sluice_commit_doubts_total{pipeline="books"} 1)",
           R"(sluice_fenced_total{pipeline="books"} 1)",
           R"(sluice_partition_next_offset{pipeline="books",partition="0",sink="lake"} 90)",
           R"(sluice_partition_lag_records{pipeline="books",partition="0",sink="lake"} 20)",
           R"(sluice_partition_lag_records{pipeline="books",partition="0",sink="warehouse"} 10)",
           R"(sluice_partition_read_offset{pipeline="books",partition="2"} 5)",
           R"(sluice_partition_stopped{pipeline="books",partition="2"} 0)",
           R"(sluice_gold_builds_total{pipeline="books",result="ok"} 2)",
           R"(sluice_gold_builds_total{pipeline="books",result="failed"} 1)",
           R"(sluice_gold_last_build_duration_seconds{pipeline="books"} 1.25)",
           R"(process_resident_memory_bytes{pipeline="books"} 4096)",
       }) {
    EXPECT_THAT(lines, Contains(line));
  }
  EXPECT_THAT(lines, Not(Contains(HasSubstr(R"(lag_records{pipeline="books",partition="2")"))))
      << "an unknown lag is no lag of 0";
}

TEST(MetricsTest, EachSeriesStandsOnce) {
  StatusBoard board;
  FillBoard(board);
  board.Update("7-1", [](WorkerStatus& worker) {
    worker.partitions[PartitionId{0}] = {Offset{108}, Offset{108}, Offset{90}};
  });
  std::set<std::string> seen;
  for (const auto& line : Lines(board)) {
    if (line.empty() || line.starts_with('#')) continue;
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

TEST(MetricsTest, HasOneSinkWithoutAWarehouse) {
  StatusBoard board;
  FillBoard(board);
  About about = BooksAbout();
  about.warehouse.clear();
  EXPECT_THAT(Lines(board, about), Not(Contains(HasSubstr(R"(sink="warehouse")"))));
}

TEST(MetricsTest, ReasonsAreBounded) {
  StatusBoard board;
  board.Update("7-0", [](WorkerStatus& worker) {
    for (int i = 0; i < 1000; ++i) worker.quarantine_reasons["r" + std::to_string(i)] = i;
  });
  int64_t reasons = 0, sum = 0;
  for (const auto& line : Lines(board)) {
    if (!line.starts_with("sluice_quarantined_total{")) continue;
    ++reasons;
    int64_t value = 0;
    std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), value);
    sum += value;
  }
  EXPECT_EQ(reasons, 51);
  EXPECT_EQ(sum, 999 * 1000 / 2) << "the rest stands under `other`";
}

TEST(MetricsTest, NothingIsSaidOfWhatHasNotHappened) {
  const StatusBoard board;
  const auto lines = Lines(board);
  EXPECT_THAT(lines, Contains(R"(sluice_ready{pipeline="books"} 0)"));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("last_commit_timestamp_seconds{"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("sluice_gold"))));
}

TEST(MetricsTest, LabelsAreEscaped) {
  MetricText text({});
  text.Family("x", "gauge", "An x.");
  text.Sample(int64_t{1}, {{"name", "a\\b\"c\nd"}});
  text.Sample(0.5);
  EXPECT_EQ(text.Take(), "# HELP x An x.\n# TYPE x gauge\nx{name=\"a\\\\b\\\"c\\nd\"} 1\nx 0.5\n");
}

}  // namespace
}  // namespace sluice
