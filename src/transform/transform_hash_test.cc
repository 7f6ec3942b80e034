#include <gtest/gtest.h>

#include <set>

#include "transform/duck_transform.h"

namespace sluice {
namespace {

BronzeSpec BronzeOf(const char* type) {
  BronzeSpec bronze;
  bronze.table = {"raw", "books"};
  bronze.columns = {{"a", *ParseType(type)}};
  return bronze;
}

SilverSpec SilverOf() {
  SilverSpec silver;
  silver.table = {"processed", "books"};
  silver.from = {"raw", "books"};
  silver.sql = "SELECT a FROM raw.books";
  return silver;
}

TEST(TransformHashTest, ChangesWithAllThatDecidesTheRows) {
  const BronzeSpec bronze = BronzeOf("string");
  SilverSpec silver = SilverOf();
  silver.expect = {{"x", "a <> ''", Otherwise::kDrop, {}}};
  const std::string hash = TransformHash(bronze, {silver});
  EXPECT_EQ(hash.size(), 64U);
  std::set<std::string> hashes{hash};
  const auto add = [&](auto change) {
    BronzeSpec other_bronze = bronze;
    SilverSpec other = silver;
    change(other_bronze, other);
    hashes.insert(TransformHash(other_bronze, {other}));
  };
  add([](BronzeSpec& b, SilverSpec&) { b.columns[0].type.kind = TypeKind::kBinary; });
  add([](BronzeSpec& b, SilverSpec&) { b.columns[0].required = true; });
  add([](BronzeSpec& b, SilverSpec&) { b.decode.coerce = true; });
  add([](BronzeSpec& b, SilverSpec&) { b.decode.nan = NumberPolicy::kKeep; });
  add([](BronzeSpec& b, SilverSpec&) { b.decode.timestamp_unit = "ms"; });
  add([](BronzeSpec&, SilverSpec& s) { s.sql += " WHERE true"; });
  add([](BronzeSpec&, SilverSpec& s) { s.expect[0].otherwise = Otherwise::kWarn; });
  add([](BronzeSpec&, SilverSpec& s) { s.expect[0].check = "a <> 'y'"; });
  add([](BronzeSpec&, SilverSpec& s) { s.expect.clear(); });
  add([](BronzeSpec&, SilverSpec& s) { s.table.name = "other"; });
  EXPECT_EQ(hashes.size(), 11U);
  add([](BronzeSpec& b, SilverSpec& s) {
    b.place.line = s.place.line = s.expect[0].place.line = 9;
  });
  EXPECT_EQ(hashes.size(), 11U);
}

TEST(TransformHashTest, ChangesWithWindowsWhereTheyJudge) {
  const BronzeSpec bronze = BronzeOf("date");
  const SilverSpec silver = SilverOf();
  const std::string hash = TransformHash(bronze, {silver});
  const auto hash_of = [&](std::vector<PartitionField> parts, TimeWindow window) {
    SilverSpec other = silver;
    other.partition_by = std::move(parts);
    other.time_window = window;
    return TransformHash(bronze, {other});
  };
  const TimeWindow off{std::nullopt, std::nullopt};
  EXPECT_EQ(hash_of({{"day", "_timestamp"}, {"identity", "a"}}, {}), hash);
  EXPECT_EQ(hash_of({{"day", "a"}}, off), hash);
  const std::string judged = hash_of({{"day", "a"}}, {});
  EXPECT_NE(judged, hash);
  EXPECT_EQ(hash_of({{"month", "a"}}, {}), judged);
  EXPECT_NE(hash_of({{"day", "a"}}, {.past_ms = std::nullopt}), judged);
  BronzeSpec other = bronze;
  other.partition_by = {{"day", "a"}};
  EXPECT_NE(TransformHash(other, {silver}), hash);
}

}  // namespace
}  // namespace sluice
