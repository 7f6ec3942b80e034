#include <gtest/gtest.h>

#include <random>

#include "lake/avro_fields.h"
#include "lake/avro_reader.h"
#include "lake/avro_schema.h"
#include "lake/avro_writer.h"
#include "lake/deflate.h"

namespace sluice {
namespace {

// A file of `count` records with a long, an optional text, a real, a list and an int map.
std::string Sample(int count) {
  const Json schema = RecordAvro(
      "sample",
      Json::array({RequiredAvro("number", 1, "long"), OptionalAvro("text", 2, "string"),
                   RequiredAvro("real", 3, "double"), RequiredAvro("list", 4, ListAvro(5, "long")),
                   RequiredAvro("map", 6, IntMapAvro(7, 8, "bytes"))}));
  AvroEncoder out;
  for (int i = 0; i < count; ++i) {
    out.Long(i % 2 == 0 ? i * 1'000'000'000'000 : -i);
    if (i % 3 == 0) {
      out.Null();
    } else {
      out.Present();
      out.Bytes("text " + std::to_string(i));
    }
    out.Double(i / 4.0);
    out.Long(2);
    out.Long(i);
    out.Long(-1);
    out.Long(0);
    out.Long(1);
    out.Long(42);
    out.Bytes(std::string("\0\xFF", 2));
    out.Long(0);
  }
  return MakeAvroFile({{"key", "value"}}, WriteJson(schema), count, out.bytes());
}

// A file with any schema and payload, to break readers with.
std::string Crafted(const std::string& schema, int64_t count, const std::string& payload) {
  return MakeAvroFile({}, schema, count, payload);
}

TEST(AvroTest, ReadsWhatItWrote) {
  const auto file = ReadAvroFile(Sample(5), "sample");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->metadata.at("key"), "value");
  EXPECT_EQ(file->metadata.at("avro.codec"), "deflate");
  ASSERT_EQ(file->records.size(), 5U);
  const AvroValue& second = file->records[2];
  EXPECT_EQ(*second.Find(1)->Int(), 2'000'000'000'000);
  EXPECT_EQ(*second.Find(2)->Text(), "text 2");
  EXPECT_EQ(*second.Find(3)->Real(), 0.5);
  EXPECT_EQ(*second.Find(4)->Items()->at(1).Int(), -1);
  EXPECT_EQ(*second.Find(6)->Items()->at(0).Find(7)->Int(), 42);
  EXPECT_EQ(*second.Find(6)->Items()->at(0).Find(8)->Text(), std::string("\0\xFF", 2));
  EXPECT_TRUE(file->records[0].Find(2)->IsNull());
  EXPECT_EQ(second.Find(99), nullptr);
}

TEST(AvroTest, AnEmptyFileHasNoBlock) {
  const auto file = ReadAvroFile(Sample(0), "sample");
  ASSERT_TRUE(file.has_value());
  EXPECT_TRUE(file->records.empty());
}

TEST(AvroTest, LongsTakeTheWholeRange) {
  AvroEncoder out;
  const int64_t numbers[] = {0, -1, 63, 64, -64, -65, INT64_MAX, INT64_MIN};
  for (const int64_t number : numbers) out.Long(number);
  const auto file = ReadAvroFile(
      Crafted(R"({"type":"record","name":"r","fields":[{"name":"n","type":"long","field-id":1}]})",
              std::size(numbers), out.bytes()),
      "longs");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  for (size_t i = 0; i < std::size(numbers); ++i) {
    EXPECT_EQ(*file->records[i].Find(1)->Int(), numbers[i]);
  }
}

TEST(AvroTest, ReadsShapesOfOtherWriters) {
  // A named type used twice, an enum, a fixed, a real map, a block with its size, a three-way
  // union.
  const std::string schema = R"({"type":"record","name":"org.x.r","fields":[
    {"name":"f","field-id":1,"type":{"type":"fixed","name":"four","size":4}},
    {"name":"g","field-id":2,"type":"four"},
    {"name":"e","field-id":3,"type":{"type":"enum","name":"e","symbols":["a","b"]}},
    {"name":"m","field-id":4,"type":{"type":"map","values":"int"}},
    {"name":"l","field-id":5,"type":{"type":"array","items":"int"}},
    {"name":"u","field-id":6,"type":["null","string",{"type":"long","logicalType":"x"}]}]})";
  AvroEncoder out;
  out.Raw("abcdefgh");
  out.Long(1);
  out.Long(1);
  out.Bytes("key");
  out.Long(7);
  out.Long(0);
  out.Long(-2);  // a negative count: the block's size in bytes follows
  out.Long(2);
  out.Long(8);
  out.Long(9);
  out.Long(0);
  out.Long(2);
  out.Long(10);
  const auto file = ReadAvroFile(Crafted(schema, 1, out.bytes()), "others");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const AvroValue& record = file->records[0];
  EXPECT_EQ(*record.Find(2)->Text(), "efgh");
  EXPECT_EQ(*record.Find(3)->Int(), 1);
  EXPECT_TRUE(record.Find(4)->IsNull());
  EXPECT_EQ(*record.Find(5)->Items()->at(1).Int(), 9);
  EXPECT_EQ(*record.Find(6)->Int(), 10);
}

TEST(AvroTest, RefusesEveryCut) {
  const std::string whole = Sample(3);
  const size_t header = whole.find("avro.schema");
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto file = ReadAvroFile(std::string_view(whole).substr(0, length), "cut");
    // Cut right behind the header, it is a file without records.
    EXPECT_TRUE(!file || (file->records.empty() && length > header)) << length;
  }
}

TEST(AvroTest, SurvivesFlippedBytes) {
  const std::string whole = Sample(40);
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    for (int flips = 0; flips < 3; ++flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    static_cast<void>(ReadAvroFile(damaged, "damaged"));
  }
}

TEST(AvroTest, RefusesBombs) {
  const std::string list = R"({"type":"record","name":"r","fields":[{"name":"l","field-id":1,)"
                           R"("type":{"type":"array","items":"null"}}]})";
  AvroEncoder many;
  many.Long(INT64_MAX);
  EXPECT_FALSE(ReadAvroFile(Crafted(list, 1, many.bytes()), "bomb").has_value());
  AvroEncoder negative;
  negative.Long(INT64_MIN);
  negative.Long(1);
  EXPECT_FALSE(ReadAvroFile(Crafted(list, 1, negative.bytes()), "bomb").has_value());
  EXPECT_FALSE(ReadAvroFile(Crafted(list, INT64_MAX, "\0"), "bomb").has_value());
  // Records of no bytes, without end.
  const std::string empty = R"({"type":"record","name":"r","fields":[]})";
  EXPECT_FALSE(ReadAvroFile(Crafted(empty, INT64_MAX, ""), "bomb").has_value());
  // A small file that unpacks to a large one.
  const std::string text =
      R"({"type":"record","name":"r","fields":[{"name":"t","field-id":1,"type":"string"}]})";
  AvroEncoder large;
  large.Bytes(std::string(1 << 20, 'x'));
  const std::string packed = Crafted(text, 1, large.bytes());
  EXPECT_LT(packed.size(), 10'000U);
  EXPECT_TRUE(ReadAvroFile(packed, "large").has_value());
  EXPECT_FALSE(ReadAvroFile(packed, "large", {.max_plain_bytes = 1 << 19}).has_value());
}

TEST(AvroTest, RefusesSchemasWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"type":"array","items":)";
  deep += "\"int\"";
  for (int i = 0; i < 100; ++i) deep += "}";
  EXPECT_FALSE(ParseAvroSchema(deep).has_value());
  EXPECT_FALSE(ParseAvroSchema(R"({"type":"record","name":"r","fields":[
      {"name":"again","type":"r"}]})")
                   .has_value());
  // Each level uses the one before twice: 2^n values of no bytes.
  std::string doubling = R"({"type":"record","name":"r","fields":[)";
  doubling += R"({"name":"f0","type":{"type":"record","name":"t0","fields":[]}})";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "\"t" + std::to_string(i - 1) + "\"";
    doubling += R"(,{"name":"f)" + std::to_string(i) + R"(","type":{"type":"record","name":"t)" +
                std::to_string(i) + R"(","fields":[{"name":"a","type":)" + before +
                R"(},{"name":"b","type":)" + before + "}]}}";
  }
  doubling += "]}";
  const auto file = ReadAvroFile(Crafted(doubling, 1, ""), "doubling");
  EXPECT_FALSE(file.has_value());
  for (const char* broken :
       {"", "7", "[]x", R"({"type":"fixed","name":"f","size":-1})",
        R"({"type":"record","name":"r","fields":[{"name":"x"}]})", R"({"type":"nothing"})"}) {
    EXPECT_FALSE(ParseAvroSchema(broken).has_value()) << broken;
  }
}

TEST(AvroTest, NamesAreMadeFit) {
  EXPECT_EQ(AvroName("Author(s)"), "Author_x28s_x29");
  EXPECT_EQ(AvroName("2nd"), "_2nd");
  EXPECT_EQ(AvroName(""), "_");
  EXPECT_EQ(AvroName("é"), "_xC3_xA9");
}

TEST(AvroTest, DeflateRoundTrip) {
  std::mt19937 random(1);
  for (const size_t size : {0, 1, 1000, 300'000, 1'000'000}) {
    std::string plain(size, '\0');
    for (char& byte : plain) byte = static_cast<char>(random() % 7);
    const auto back = Inflate(Deflate(plain), DeflateFormat::kRaw, static_cast<int64_t>(size));
    ASSERT_TRUE(back.has_value()) << size;
    EXPECT_EQ(*back, plain);
  }
  EXPECT_FALSE(Inflate("no stream", DeflateFormat::kRaw, 100).has_value());
  EXPECT_FALSE(Inflate("", DeflateFormat::kGzip, 100).has_value());
}

}  // namespace
}  // namespace sluice
