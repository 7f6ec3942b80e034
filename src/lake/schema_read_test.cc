#include "lake/schema_read.h"

#include <gtest/gtest.h>

#include "lake/parquet_fixture.h"
#include "lake/scan.h"
#include "lake/schema_json.h"

namespace sluice {
namespace {

TEST(SchemaReadTest, ReadsWhatIsWritten) {
  const IcebergSchema schema = SchemaOf(
      {{"n", "long"}, {"p", "struct<a: decimal(9,2), b: list<string>>"}, {"t", "timestamptz"}});
  const auto read = ReadSchema(SchemaJson(schema));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, schema);
  EXPECT_EQ(ScanByIdSql(*read, "/x.parquet"),
            "SELECT * FROM read_parquet('/x.parquet', hive_partitioning = false, schema = MAP {"
            "1: {name: 'n', type: 'BIGINT', default_value: NULL}, "
            "2: {name: 'p', type: 'STRUCT(\"a\" decimal(9,2), \"b\" VARCHAR[])', default_value: "
            "NULL}, 6: {name: 't', type: 'TIMESTAMP WITH TIME ZONE', default_value: NULL}})");
}

TEST(SchemaReadTest, ForeignTypesAreNamed) {
  const Json schema =
      Json::parse(R"({"schema-id":0,"fields":[{"id":1,"name":"u","type":"uuid"}]})");
  const auto read = ReadSchema(schema);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_NE(read.error().message.find("`u` has the type uuid"), std::string::npos);
}

Json WithNested(int id, const char* name) {
  return {
      {"fields",
       {{{"id", 1},
         {"name", "p"},
         {"type",
          {{"type", "struct"}, {"fields", {{{"id", id}, {"name", name}, {"type", "string"}}}}}}}}}};
}

TEST(SchemaReadTest, RenamedNestedFieldsAreFound) {
  EXPECT_TRUE(CheckNestedNames(Json::array({WithNested(2, "a"), WithNested(2, "a")})));
  EXPECT_FALSE(CheckNestedNames(Json::array({WithNested(2, "a"), WithNested(2, "b")})));
  EXPECT_FALSE(CheckNestedNames(Json::array({WithNested(2, "a"), WithNested(3, "a")})));
}

}  // namespace
}  // namespace sluice
