#include "lake/partition.h"

#include <gtest/gtest.h>

#include "lake/parquet_bounds.h"
#include "lake/remote_names.h"
#include "lake/schema_json.h"

namespace sluice {
namespace {

IcebergField Column(int32_t id, const std::string& name, TypeKind kind) {
  return {.id = id, .name = name, .type = {.kind = kind}};
}

const std::vector<IcebergField> kColumns{
    Column(1, "at", TypeKind::kTimestampTz), Column(2, "genre", TypeKind::kString),
    Column(3, "d", TypeKind::kDate), Column(4, "at_day", TypeKind::kInt)};

TEST(PartitionTest, NewSpecsNumberTheirFieldsFrom1000) {
  const auto spec = ResolveSpec({{"day", "at"}, {"identity", "genre"}}, kColumns, {}, 999);
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->spec_id, 0);
  // `at_day` is a column's name already.
  EXPECT_EQ(spec->fields[0], (PartitionSpecField{"at_day_2", "day", 1, 1000}));
  EXPECT_EQ(spec->fields[1], (PartitionSpecField{"genre", "identity", 2, 1001}));
}

TEST(PartitionTest, KnownSpecsAndFieldsKeepTheirIds) {
  const PartitionSpec first{0, {{"at_day_2", "day", 1, 1000}}};
  EXPECT_EQ(*ResolveSpec({{"day", "at"}}, kColumns, {first}, 1000), first);
  const auto second = ResolveSpec({{"month", "d"}, {"day", "at"}}, kColumns, {first}, 1000);
  EXPECT_EQ(second->spec_id, 1);
  EXPECT_EQ(second->fields[0], (PartitionSpecField{"d_month", "month", 3, 1001}));
  EXPECT_EQ(second->fields[1].field_id, 1000);
  EXPECT_EQ(ResolveSpec({}, kColumns, {first}, 1000)->spec_id, 1);
}

TEST(PartitionTest, WhatCannotBeSplitIsRefused) {
  for (const auto& [transform, column] : std::vector<std::pair<std::string, std::string>>{
           {"day", "genre"}, {"hour", "d"}, {"month", "nothing"}, {"bucket", "genre"}}) {
    const auto spec = ResolveSpec({{transform, column}}, kColumns, {}, 999);
    ASSERT_FALSE(spec.has_value()) << transform;
    EXPECT_EQ(spec.error().kind, ErrorKind::kInvalidConfig);
  }
}

TEST(PartitionTest, TypesComeFromTheNewestSchemaThatHasTheColumn) {
  const Json schemas = Json::parse(R"([
    {"schema-id":0,"fields":[{"id":1,"name":"n","type":"int"},{"id":2,"name":"s","type":"string"}]},
    {"schema-id":1,"fields":[{"id":1,"name":"n","type":"long"}]}])");
  const PartitionSpec spec{0,
                           {{"n", "identity", 1, 1000},
                            {"s", "identity", 2, 1001},
                            {"u", "identity", 9, 1002},
                            {"b", "bucket[4]", 1, 1003},
                            {"t", "truncate[3]", 2, 1004}}};
  const auto types = PartitionTypes(spec, schemas);
  EXPECT_EQ(types[0]->kind, TypeKind::kLong);
  EXPECT_EQ(types[1]->kind, TypeKind::kString);
  EXPECT_FALSE(types[2].has_value());
  EXPECT_EQ(types[3]->kind, TypeKind::kInt);
  EXPECT_EQ(types[4]->kind, TypeKind::kString);
}

TEST(PartitionTest, ValuesSpellForPeople) {
  const auto spell = [](TypeKind kind, const char* transform, Int128 value) {
    return SpellValue({.kind = kind, .precision = 9, .scale = 2}, transform,
                      IntegerBytes(kind, value));
  };
  EXPECT_EQ(spell(TypeKind::kDate, "day", -1), "1969-12-31");
  EXPECT_EQ(spell(TypeKind::kInt, "hour", -1), "1969-12-31-23");
  EXPECT_EQ(spell(TypeKind::kInt, "month", -1), "1969-12");
  EXPECT_EQ(spell(TypeKind::kInt, "month", 672), "2026-01");
  EXPECT_EQ(spell(TypeKind::kInt, "year", 56), "2026");
  EXPECT_EQ(spell(TypeKind::kInt, "identity", -56), "-56");
  EXPECT_EQ(spell(TypeKind::kDecimal, "identity", -5), "-0.05");
  EXPECT_EQ(spell(TypeKind::kDecimal, "identity", 12345), "123.45");
  EXPECT_EQ(spell(TypeKind::kBool, "identity", 1), "true");
  EXPECT_EQ(spell(TypeKind::kTimestamp, "identity", -1), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(spell(TypeKind::kTimestampTz, "identity", 0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(SpellValue({.kind = TypeKind::kLong}, "identity", "short"), "?");
}

TEST(PartitionTest, ValuesOrderAsTheirTypeDoes) {
  const Type decimal{.kind = TypeKind::kDecimal, .precision = 38, .scale = 0};
  EXPECT_LT(CompareValues(decimal, IntegerBytes(TypeKind::kDecimal, -300),
                          IntegerBytes(TypeKind::kDecimal, 2)),
            0);
  const Type number{.kind = TypeKind::kLong};
  EXPECT_GT(
      CompareValues(number, IntegerBytes(TypeKind::kLong, 256), IntegerBytes(TypeKind::kLong, 255)),
      0);
  EXPECT_LT(CompareValues({.kind = TypeKind::kString}, "a", "\xC3\xA9"), 0);
  const Type real{.kind = TypeKind::kDouble};
  EXPECT_LT(
      CompareValues(real, FloatBytes(TypeKind::kDouble, -2.5), FloatBytes(TypeKind::kDouble, 1)),
      0);
  EXPECT_TRUE(IsNan(real, FloatBytes(TypeKind::kDouble, __builtin_nan(""))));
}

TEST(PartitionTest, FoldersAreEncodedAndCut) {
  const PartitionSpec spec{0, {{"Author(s)", "identity", 1, 1000}, {"d", "day", 2, 1001}}};
  const auto folder = [&](const std::string& value) {
    const std::string path =
        NewDataFile("file:///lake/t/", spec, {{value, value}, {std::nullopt, ""}}).value;
    EXPECT_TRUE(path.starts_with("file:///lake/t/data/Author%28s%29=")) << path;
    EXPECT_TRUE(path.ends_with(".parquet"));
    EXPECT_NE(path.find("/d=null/"), std::string::npos);
    const size_t start = path.find('=') + 1;
    return path.substr(start, path.find('/', start) - start);
  };
  EXPECT_EQ(folder("../../x"), "..%2F..%2Fx");
  EXPECT_EQ(folder(""), "");
  EXPECT_EQ(folder("%2F"), "%252F");
  EXPECT_EQ(folder("日本"), "%E6%97%A5%E6%9C%AC");
  const std::string cut = folder(std::string(2000, 'x'));
  EXPECT_LE(cut.size(), 100U);
  EXPECT_NE(cut, folder(std::string(2001, 'x')));
}

TEST(PartitionTest, MetadataNamesCountOn) {
  const auto name = [](const std::string& previous) {
    const std::string path = NewMetadata("s3://b/t", previous).value;
    EXPECT_TRUE(path.starts_with("s3://b/t/metadata/"));
    return path.substr(18, path.find('-') - 18);
  };
  EXPECT_EQ(name(""), "00000");
  EXPECT_EQ(name("s3://b/t/metadata/00041-aaa.metadata.json"), "00042");
  EXPECT_EQ(name("s3://b/t/metadata/00041-aaa.gz.metadata.json"), "00042");
  EXPECT_EQ(name("file:/x/v7.metadata.json"), "00008");
  EXPECT_EQ(name("file:/x/current"), "00001");
  EXPECT_EQ(name("file:/x/99999-a.metadata.json"), "100000");
  EXPECT_EQ(name("file:/x/99999999999999999999-a.metadata.json"), "00001");
}

}  // namespace
}  // namespace sluice
