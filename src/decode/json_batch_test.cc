// Batches as a whole: chunks, lineage, strings that stay where they are, options that do not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "decode/json_decoder.h"
#include "decode/testing.h"

namespace sluice::json {
namespace {

using testing::HasSubstr;

BronzeSpec SpecOf(std::vector<std::pair<std::string, std::string>> columns) {
  BronzeSpec spec;
  for (const auto& [name, type] : columns) {
    spec.columns.push_back({name, ParseType(type).value()});
  }
  return spec;
}

Decoded DecodeAll(const BronzeSpec& spec, const RawBatch& batch) {
  return MakeJsonDecoder(spec).value()->Decode(batch).value();
}

TEST(JsonBatchTest, FillsChunksAndLeavesNoHoles) {
  const BronzeSpec spec = SpecOf({{"n", "long"}, {"s", "string"}, {"l", "list<int>"}});
  std::vector<std::string> values;
  std::vector<std::string> expected;
  for (int i = 0; i < 7000; ++i) {
    const bool bad = i % 7 == 3;
    values.push_back(fmt::format(R"({{"l":[{},null],"n":{},"s":{}}})", i, i, bad ? "[" : "null"));
    expected.push_back(bad ? "! json_syntax" : fmt::format("{} | NULL | [{}, NULL]", i, i));
  }
  const RawBatch batch = MakeBatch(values);
  const Decoded decoded = DecodeAll(spec, batch);
  EXPECT_EQ(OutcomesAsText(spec, batch, decoded), expected);
  ASSERT_EQ(decoded.rows.size(), 3U);
  EXPECT_EQ(decoded.rows[0].rows(), kChunkRows);
  EXPECT_EQ(decoded.rows[1].rows(), kChunkRows);
  EXPECT_EQ(RowCount(decoded.rows), 6000U);
  EXPECT_EQ(duckdb_list_vector_get_size(decoded.rows[0].column(2)), 2 * kChunkRows);
}

TEST(JsonBatchTest, GivesNoChunkWithoutRows) {
  const BronzeSpec spec = SpecOf({{"n", "long"}});
  EXPECT_TRUE(DecodeAll(spec, MakeBatch({})).rows.empty());
  const Decoded decoded = DecodeAll(spec, MakeBatch({"x", "y"}));
  EXPECT_TRUE(decoded.rows.empty());
  EXPECT_EQ(decoded.rejects.size(), 2U);
}

TEST(JsonBatchTest, WritesLineage) {
  const BronzeSpec spec = SpecOf({{"n", "long"}});
  RawBatch batch = MakeBatch({R"({"n":1})", "", R"({"n":2})"});
  batch.records[2].timestamp_ms = 5;
  const Decoded decoded = DecodeAll(spec, batch);
  ASSERT_EQ(decoded.rows.size(), 1U);
  const LineageView lineage = LineageOf(decoded.rows[0]);
  EXPECT_FALSE(IsValid(lineage.timestamp_validity, 0));
  ASSERT_TRUE(IsValid(lineage.timestamp_validity, 1));
  EXPECT_EQ(lineage.timestamp_us[1], 5000);
  EXPECT_EQ(lineage.log[1], kTestLog.value);
  EXPECT_EQ(lineage.partition[1], kTestPartition.value);
  EXPECT_EQ(lineage.offset[0], 0);
  EXPECT_EQ(lineage.offset[1], 2);
}

TEST(JsonBatchTest, LongStringsStayInTheRecordAndShortOnesAreZeroFilled) {
  const BronzeSpec spec = SpecOf({{"long", "string"}, {"short", "string"}, {"escaped", "string"}});
  const std::string value =
      R"({"long":"thirteen byte","short":"abc","escaped":"thirteen\u0020byte"})";
  const RawBatch batch = MakeBatch({R"({"short":"123456789012"})", value});
  const Decoded decoded = DecodeAll(spec, batch);
  const auto string = [&](size_t column) {
    return At<duckdb_string_t>(decoded.rows[0].column(column), 1);
  };
  EXPECT_EQ(string(0).value.pointer.ptr, batch.records[1].value->data() + 9);
  EXPECT_EQ(std::memcmp(string(0).value.pointer.prefix, "thir", 4), 0);
  EXPECT_EQ(std::memcmp(string(1).value.inlined.inlined, "abc\0\0\0\0\0\0\0\0\0", 12), 0);
  const std::string_view record = *batch.records[1].value;
  const char* const escaped = string(2).value.pointer.ptr;
  EXPECT_TRUE(escaped < record.data() || escaped >= record.data() + record.size());
  EXPECT_EQ(std::string_view(escaped, 13), "thirteen byte");
}

TEST(JsonBatchTest, TakesAThousandHeadersButNoMore) {
  const BronzeSpec spec = SpecOf({{"n", "int"}});
  RawBatch batch = MakeBatch({"{}", "{}", "{}"});
  for (const size_t record : {0, 1, 2}) {
    const size_t count = record == 1 ? 1001 : 1000;
    batch.records[record].headers.assign(count, {batch.arena->Copy("k"), batch.arena->Copy("v")});
  }
  const Decoded decoded = DecodeAll(spec, batch);
  const auto outcomes = OutcomesAsText(spec, batch, decoded);
  EXPECT_THAT(outcomes[0], HasSubstr("NULL | _headers [{key: k, value: v}, {key: k, value: v}, "));
  EXPECT_EQ(outcomes[1], "! headers_too_large _headers");
  EXPECT_EQ(outcomes[2], outcomes[0]);
  EXPECT_EQ(duckdb_list_vector_get_size(decoded.rows[0].column(2)), 2000U);
}

TEST(JsonBatchTest, CountsNanOfRowsOnly) {
  const BronzeSpec spec = SpecOf({{"a", "double"}, {"b", "string"}});
  const RawBatch batch = MakeBatch({R"({"a":NaN,"b":NaN,"c":[NaN]})", R"({"a":NaN,"b":1})", "{}"});
  EXPECT_EQ(DecodeAll(spec, batch).nan_as_null, 3);
}

TEST(JsonBatchTest, OneDecoderServesManyBatches) {
  const BronzeSpec spec = SpecOf({{"n", "int"}, {"l", "list<string>"}});
  const auto decoder = MakeJsonDecoder(spec).value();
  for (int i = 0; i < 20; ++i) {
    const RawBatch batch =
        MakeBatch({fmt::format(R"({{"n":{},"l":["{}"]}})", i, std::string(40, 'x')),
                   R"({"n":"no"})", "{\"s\":\"" + std::string(100'000, 'y') + "\"}"});
    const Decoded decoded = decoder->Decode(batch).value();
    const auto outcomes = OutcomesAsText(spec, batch, decoded);
    EXPECT_EQ(outcomes[0], fmt::format("{} | [{}]", i, std::string(40, 'x')));
    EXPECT_EQ(outcomes[1], "! type_mismatch n");
    EXPECT_THAT(outcomes[2], HasSubstr("NULL | NULL | _rest {\"s\":\"yyy"));
  }
}

TEST(JsonBatchTest, FieldsInAnyOrderAndSomeMissing) {
  const BronzeSpec spec = SpecOf({{"a", "int"},
                                  {"bb", "int"},
                                  {"a name of some length", "int"},
                                  {"a name of same length", "int"}});
  const RawBatch batch =
      MakeBatch({R"({"a":1,"bb":2,"a name of some length":3,"a name of same length":4})",
                 R"({"a name of same length":4,"bb":2,"a":1})", R"({"bb":2})",
                 R"({"x":0,"bb":2,"y":0,"a":1})", R"({"a":1,"a name of some length":3,"bb":2})"});
  EXPECT_THAT(
      OutcomesAsText(spec, batch, DecodeAll(spec, batch)),
      testing::ElementsAre("1 | 2 | 3 | 4", "1 | 2 | NULL | 4", "NULL | 2 | NULL | NULL",
                           "1 | 2 | NULL | NULL | _rest {\"x\":0,\"y\":0}", "1 | 2 | 3 | NULL"));
}

// The text of a setting that Make refuses.
std::string Refusal(const BronzeSpec& spec) {
  const auto decoder = MakeJsonDecoder(spec);
  if (decoder) return "taken";
  EXPECT_EQ(decoder.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_FALSE(decoder.error().hint.empty());
  return decoder.error().message;
}

TEST(JsonBatchTest, RefusesOptionsThatDoNotFit) {
  BronzeSpec spec = SpecOf({{"Id", "int"}, {"id", "int"}});
  EXPECT_EQ(Refusal(spec), "taken");
  spec.decode.case_insensitive = true;
  EXPECT_THAT(Refusal(spec), HasSubstr("`id`"));
  spec = SpecOf({{"id", "int"}});
  spec.decode.timestamp_unit = "ns";
  EXPECT_THAT(Refusal(spec), HasSubstr("`ns`"));
  spec.decode.timestamp_unit = "ms";
  for (const char* zone : {"Europe/Nowhere", "+25:00", "'; SELECT 1; --"}) {
    spec.decode.timestamp_zone = zone;
    EXPECT_THAT(Refusal(spec), HasSubstr(zone));
  }
  spec.decode.timestamp_zone = "UTC";
  EXPECT_EQ(Refusal(spec), "taken");
  spec.decode.max_depth = 0;
  EXPECT_THAT(Refusal(spec), HasSubstr("limit"));
}

}  // namespace
}  // namespace sluice::json
