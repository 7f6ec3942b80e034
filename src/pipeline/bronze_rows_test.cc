#include "pipeline/bronze_rows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/text.h"
#include "lake/folder_store.h"
#include "pipeline/scratch.h"
#include "pipeline/silver_maker.h"
#include "transform/duck_transform.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kRest =
    "NULL::VARCHAR AS _rest, NULL::STRUCT(\"key\" VARCHAR, \"value\" BLOB)[] AS _headers, "
    "NULL::BLOB AS _key, to_timestamp(range)::TIMESTAMPTZ AS _timestamp";

class BronzeRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_ = *DuckEngine::Make();
    duck_ = *engine_->Connect();
    auto store = FolderStore::Make("file://" + scratch_.path());
    ASSERT_TRUE(store) << store.error().message;
    store_ = *std::move(store);
    bronze_.table = {"raw", "numbers"};
    bronze_.columns = {{"n", {TypeKind::kLong}}, {"word", {TypeKind::kString}}};
    table_.name = bronze_.table;
    for (const Field& field : BronzeSchema(bronze_.columns).fields) {
      table_.columns.push_back({.name = field.name, .type = Spell(field.type)});
    }
  }
  // Rows [from, to): offsets by log, as `logs` of them take turns.
  void AddFile(int from, int to, const std::string& columns, int logs = 1) {
    const std::string path = fmt::format("{}/{}.parquet", scratch_.path(), files_.size());
    const auto written = DuckQuery(
        duck_.get(), fmt::format("COPY (SELECT {}, {}, (range % {} + 1)::INTEGER AS _log, "
                                 "0::INTEGER AS _partition, range::BIGINT AS _offset FROM "
                                 "range({}, {})) TO {} (FORMAT parquet)",
                                 columns, kRest, logs, from, to, QuoteLiteral(path)));
    ASSERT_TRUE(written) << written.error().message;
    files_.push_back({.path = RemotePath{"file://" + path}, .record_count = to - from});
  }
  Status Read(const std::function<Status(LogId, Chunks)>& take) {
    return ReadBronze(duck_.get(), bronze_, table_, files_, *store_, scratch_.path(), take);
  }

  ScratchFolder scratch_{std::filesystem::temp_directory_path()};
  std::unique_ptr<DuckEngine> engine_;
  DuckConnectionHandle duck_;
  std::unique_ptr<ObjectStore> store_;
  BronzeSpec bronze_;
  LakeTableState table_;
  std::vector<LiveFile> files_;
};

TEST_F(BronzeRowsTest, BatchesAreSmallAndOfOneLog) {
  AddFile(0, 100'000, "range::BIGINT AS n, 'w' || range AS word");
  AddFile(100'000, 103'000, "range::BIGINT AS n", 2);  // made before `word` was declared
  std::map<LogId, int64_t> rows;
  int64_t sum = 0, words = 0;
  const Status read = Read([&](LogId log, const Chunks& chunks) -> Status {
    EXPECT_LE(chunks.size(), kBronzeBatchChunks);
    for (const Chunk& chunk : chunks) {
      const LineageView lineage = LineageOf(chunk);
      const auto* const n = static_cast<const int64_t*>(duckdb_vector_get_data(chunk.column(0)));
      for (size_t row = 0; row < chunk.rows(); ++row) {
        EXPECT_EQ(lineage.log[row], log.value);
        EXPECT_EQ(n[row], lineage.offset[row]);
        sum += n[row];
        words += IsValid(duckdb_vector_get_validity(chunk.column(1)), row) ? 1 : 0;
      }
      rows[log] += static_cast<int64_t>(chunk.rows());
    }
    return {};
  });
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows, (std::map<LogId, int64_t>{{LogId{1}, 101'500}, {LogId{2}, 1'500}}));
  EXPECT_EQ(sum, int64_t{103'000} * 102'999 / 2);
  EXPECT_EQ(words, 100'000);
}

TEST_F(BronzeRowsTest, AnotherTypeIsNamed) {
  AddFile(0, 10, "range::VARCHAR AS n, 'w' AS word");
  const Status read = Read([](LogId, const Chunks&) { return Status(); });
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("raw.numbers cannot be read"));
}

TEST_F(BronzeRowsTest, SilverIsMadeRestrictedAndRefused) {
  AddFile(0, 100, "range::BIGINT AS n, 'w' || range AS word");
  std::vector<SilverSpec> silver(2);
  silver[0].table = {"processed", "words"};
  silver[0].sql = "SELECT upper(word) AS word FROM raw.numbers WHERE n >= 10";
  silver[1].table = {"processed", "others"};
  silver[1].sql = "SELECT n FROM raw.numbers";
  silver[1].expect = {{.name = "small", .check = "n < 90", .otherwise = Otherwise::kQuarantine}};
  for (auto& table : silver) table.from = bronze_.table;
  auto transform = MakeDuckTransform(*engine_, bronze_, silver);
  ASSERT_TRUE(transform);
  MadeByPlace counts, below;
  ASSERT_TRUE(Read([&](LogId log, const Chunks& chunks) -> Status {
    SLUICE_ASSIGN(const auto rows, SilverMaker(**transform, 0).Make(log, chunks));
    Refuse(*rows, {{.id = {PartitionId{0}, Offset{50}}, .reason = "warehouse_rejected:23514"}});
    AddCounts(*rows, counts);
    AddCounts(Restrict(*rows, [](RecordId id) { return id.offset < Offset{20}; }), below);
    return {};
  }));
  const MadeCounts made = counts.at({LogId{1}, PartitionId{0}});
  EXPECT_EQ(made.left_out, 10);
  EXPECT_EQ(made.refused, 11) << "also what another table refuses";
  EXPECT_EQ(made.rows, 79);
  EXPECT_EQ(SumOf(below).rows, 10);
  EXPECT_EQ(SumOf(below).left_out, 10);
  EXPECT_EQ(SumOf(below).all(), 20);
}

}  // namespace
}  // namespace sluice
