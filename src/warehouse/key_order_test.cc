#include "warehouse/key_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "warehouse/copy_encoder.h"
#include "warehouse/warehouse_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class KeyOrderTest : public ::testing::Test {
 protected:
  // Encodes `name, number, timestamp, log, partition, offset` and orders them by number and name.
  void Order(const std::string& values) {
    Target target;
    target.spec.mode = WriteMode::kUpsert;
    target.spec.key = {"number", "name"};
    target.columns =
        SilverSchema({{"name", {.kind = TypeKind::kString}}, {"number", {.kind = TypeKind::kInt}}})
            .fields;
    chunks_ = RowsOfSql(duck_.get(),
                        "SELECT n::VARCHAR, i::INTEGER, to_timestamp(t), l::INTEGER, p::INTEGER, "
                        "o::BIGINT FROM (VALUES " +
                            values + ") v(n, i, t, l, p, o)");
    CopyEncoder encoder(target.columns);
    slices_.clear();
    for (const auto& chunk : chunks_) encoder.Encode(chunk, data_, &slices_);
    ordered_ = OrderByKey(target, slices_);
  }

  // The places that a COPY's rows had in the batch.
  std::vector<size_t> Places(const std::vector<std::string_view>& copy) const {
    std::vector<size_t> places;
    for (size_t i = 1; i + 1 < copy.size(); ++i) {
      const auto same = [&](std::string_view slice) { return slice.data() == copy[i].data(); };
      places.push_back(static_cast<size_t>(std::ranges::find_if(slices_, same) - slices_.begin()));
    }
    return places;
  }

  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  DuckConnectionHandle duck_ = *engine_->Connect();
  Chunks chunks_;
  CopyData data_;
  std::vector<std::string_view> slices_;
  EncodedRows ordered_;
};

TEST_F(KeyOrderTest, SortsByTheKeysOwnOrderAndItsBytes) {
  Order(
      "('a long name, and more than its beginning: b', 2, 0, 1, 0, 0), (NULL, 2, 0, 1, 0, 1), "
      "('a long name, and more than its beginning: a', 2, 0, 1, 0, 2), ('', 2, 0, 1, 0, 3), "
      "('z', 1, 0, 1, 0, 4), ('a', NULL, 0, 1, 0, 5), (NULL, NULL, 0, 1, 0, 6), "
      "('a long name', 2, 0, 1, 0, 7)");
  EXPECT_THAT(Places(ordered_.copy), ElementsAre(6, 5, 4, 1, 3, 7, 2, 0));
  EXPECT_EQ(ordered_.count, 8);
  EXPECT_THAT(ordered_.superseded, IsEmpty());
}

TEST_F(KeyOrderTest, TheGreatestLineageWins) {
  Order(
      // Timestamp before partition before offset before log; none is older than any.
      "('time', 1, -5, 1, 0, 0), ('time', 1, NULL, 9, 9, 9), ('time', 1, -6, 9, 9, 9), "
      "('partition', 1, 7, 1, 2, 0), ('partition', 1, 7, 9, 1, 9), "
      "('offset', 1, 7, 9, 1, 255), ('offset', 1, 7, 1, 1, 256), "
      "('log', 1, NULL, 2, 1, 3), ('log', 1, NULL, 1, 1, 3)");
  EXPECT_THAT(Places(ordered_.copy), ElementsAre(7, 6, 3, 0));
  EXPECT_EQ(ordered_.count, 4);
  EXPECT_THAT(Places(ordered_.superseded), UnorderedElementsAre(1, 2, 4, 5, 8));
}

TEST_F(KeyOrderTest, CellsDoNotRunIntoEachOther) {
  Order(
      "('a', 97, 0, 1, 0, 0), ('', 97, 0, 1, 0, 1), (NULL, 97, 0, 1, 0, 2), ('a', 0, 0, 1, 0, 3)");
  EXPECT_EQ(ordered_.count, 4);
}

TEST_F(KeyOrderTest, NoRowsAreAnEmptyCopy) {
  Order("('a', 1, 0, 1, 0, 0)");
  ordered_ = OrderByKey(Target{}, {});
  EXPECT_EQ(ordered_.count, 0);
  EXPECT_THAT(ordered_.copy, SizeIs(2));
}

}  // namespace
}  // namespace sluice
