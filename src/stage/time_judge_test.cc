#include "stage/time_judge.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr int64_t kSecond = 1'000'000;
const std::vector<Field> kLayout{{"at", {.kind = TypeKind::kTimestamp}},
                                 {"name", {.kind = TypeKind::kString}}};

// A row of 1970-01-01T00:00:00Z, offset 5, with this in `at`.
Chunk RowAt(int64_t micros) {
  Chunk chunk = Chunk::Make(SilverSchema(kLayout));
  const auto set = [&]<typename T>(size_t column, T value) {
    *static_cast<T*>(duckdb_vector_get_data(chunk.column(column))) = value;
  };
  set(0, micros);
  set(2, int64_t{0});
  set(3, int32_t{1});
  set(4, int32_t{0});
  set(5, int64_t{5});
  chunk.SetRows(1);
  return chunk;
}

std::vector<Reject> RejectsOf(const TimeWindow& window, int64_t micros,
                              const std::vector<std::string>& columns = {"at"}) {
  std::vector<Reject> rejects;
  TimeJudge("t.t", window, columns, kLayout).Judge(RowAt(micros), 0, 1, rejects);
  return rejects;
}

TEST(TimeJudgeTest, EachSideHasItsLimit) {
  const TimeWindow window{.past_ms = 2000, .future_ms = 1000};
  EXPECT_TRUE(RejectsOf(window, kSecond).empty());
  EXPECT_EQ(RejectsOf(window, kSecond + 1).size(), 1U);
  EXPECT_TRUE(RejectsOf(window, -2 * kSecond).empty());
  EXPECT_EQ(RejectsOf(window, -2 * kSecond - 1).size(), 1U);
}

TEST(TimeJudgeTest, AnAbsentSideHasNone) {
  EXPECT_TRUE(RejectsOf({.past_ms = std::nullopt, .future_ms = 0}, INT64_MIN + 1).empty());
  EXPECT_EQ(RejectsOf({.past_ms = std::nullopt, .future_ms = 0}, 1).size(), 1U);
  EXPECT_TRUE(RejectsOf({.past_ms = 0, .future_ms = std::nullopt}, INT64_MAX).empty());
  EXPECT_EQ(RejectsOf({.past_ms = 0, .future_ms = std::nullopt}, -1).size(), 1U);
}

TEST(TimeJudgeTest, TheEndsOfTimeAreOutside) {
  for (const int64_t micros : {INT64_MAX, -INT64_MAX}) {
    const auto rejects =
        RejectsOf({.past_ms = 10'000 * kYearMs, .future_ms = 10'000 * kYearMs}, micros);
    ASSERT_EQ(rejects.size(), 1U);
    EXPECT_EQ(rejects[0].id.offset, Offset{5});
    EXPECT_EQ(rejects[0].reason, "timestamp_outside_window");
  }
}

TEST(TimeJudgeTest, OtherColumnsAreLeftAlone) {
  EXPECT_TRUE(RejectsOf({}, INT64_MAX, {}).empty());
  EXPECT_TRUE(RejectsOf({}, INT64_MAX, {"name", "not there"}).empty());
}

TEST(TimeJudgeTest, SpansInTheLargestUnit) {
  EXPECT_EQ(SpellSpan(10 * kYearMs), "10y");
  EXPECT_EQ(SpellSpan(365 * kDayMs), "365d");
  EXPECT_EQ(SpellSpan(5'400'000), "90m");
  EXPECT_EQ(SpellSpan(1), "1ms");
  EXPECT_EQ(SpellSpan(0), "0");
}

}  // namespace
}  // namespace sluice
