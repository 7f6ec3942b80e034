#include "lake/schema_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Field Of(const std::string& name, const std::string& type, bool required = false) {
  return {.name = name, .type = *ParseType(type), .required = required};
}

// The table's fields as made for these columns, with ids from 1.
Json TableOf(const std::vector<Field>& columns) {
  return MatchSchema(Json::array(), columns, 0).table_fields;
}

TEST(SchemaJsonTest, ANewTableNumbersNestedFieldsToo) {
  const SchemaMatch match =
      MatchSchema(Json::array(),
                  {Of("id", "long", true), Of("a", "struct<b: int, c: list<struct<d: date>>>"),
                   Of("e", "bool")},
                  0);
  EXPECT_EQ(match.last_column_id, 7);
  EXPECT_THAT(match.added, IsEmpty());
  EXPECT_EQ(match.fields[0].id, 1);
  EXPECT_TRUE(match.fields[0].required);
  EXPECT_EQ(match.fields[1].children[1].children[0].children[0].id, 6);
  EXPECT_EQ(match.fields[2].id, 7);
  const Json& list = match.table_fields[1]["type"]["fields"][1]["type"];
  EXPECT_EQ(list["type"], "list");
  EXPECT_EQ(list["element-id"], 5);
  EXPECT_EQ(list["element"]["fields"][0]["type"], "date");
}

TEST(SchemaJsonTest, TypesSpellAsIcebergHasThem) {
  EXPECT_EQ(PrimitiveJson(*ParseType("decimal(12,2)")), "decimal(12, 2)");
  EXPECT_EQ(PrimitiveJson(*ParseType("bool")), "boolean");
  for (const char* type : {"bool", "int", "long", "float", "double", "decimal(38,10)", "string",
                           "binary", "date", "timestamp", "timestamptz"}) {
    EXPECT_EQ(ReadPrimitive(PrimitiveJson(*ParseType(type))), *ParseType(type)) << type;
  }
  EXPECT_EQ(ReadPrimitive("uuid"), std::nullopt);
  EXPECT_EQ(ReadPrimitive("decimal(99, 1)"), std::nullopt);
  EXPECT_EQ(ReadPrimitive(Json(7)), std::nullopt);
  const Json map = Json::parse(R"({"type":"map","key-id":1,"key":"string","value-id":2,
                                   "value":"uuid","value-required":false})");
  EXPECT_EQ(SpellJson(map), "map<string, uuid>");
}

TEST(SchemaJsonTest, ColumnsAreMatchedByNameInAnyOrder) {
  const Json table = TableOf({Of("a", "int"), Of("b", "struct<x: int>"), Of("c", "string")});
  const SchemaMatch match = MatchSchema(
      table, {Of("c", "string"), Of("new", "list<int>", true), Of("b", "struct<y: date, x: int>")},
      4);
  EXPECT_THAT(match.differences, IsEmpty());
  EXPECT_THAT(match.added, ElementsAre("new: list<int>", "b.y: date"));
  EXPECT_EQ(match.fields[0].id, 4);
  EXPECT_EQ(match.fields[1].id, 5);
  EXPECT_FALSE(match.fields[1].required);
  EXPECT_EQ(match.fields[2].children[0].id, 7);
  EXPECT_EQ(match.fields[2].children[1].id, 3);
  EXPECT_EQ(match.last_column_id, 7);
  // The table keeps its own order, new fields behind.
  EXPECT_EQ(match.table_fields[0]["name"], "a");
  EXPECT_EQ(match.table_fields[3]["name"], "new");
  EXPECT_EQ(match.table_fields[1]["type"]["fields"][1]["name"], "y");
}

TEST(SchemaJsonTest, EveryDifferenceIsNamed) {
  const Json table = TableOf({Of("id", "int", true), Of("name", "string"), Of("l", "list<int>")});
  const SchemaMatch match =
      MatchSchema(table, {Of("id", "long"), Of("title", "string"), Of("l", "list<long>")}, 4);
  EXPECT_THAT(match.differences,
              ElementsAre("column `id` must not be null in the table, but may be in the pipeline",
                          "column `id` is int in the table, but long in the pipeline",
                          "column `l.element` is int in the table, but long in the pipeline",
                          "column `name` is in the table, but not in the pipeline, where `title` "
                          "is new"));
}

TEST(SchemaJsonTest, ForeignTypesAreLeftAloneOrNamed) {
  Json table = TableOf({Of("a", "int")});
  table.push_back({{"id", 9}, {"name", "u"}, {"required", false}, {"type", "uuid"}});
  EXPECT_THAT(MatchSchema(table, {Of("a", "int"), Of("b", "int")}, 9).differences, IsEmpty());
  EXPECT_THAT(MatchSchema(table, {Of("a", "int"), Of("u", "string")}, 9).differences,
              ElementsAre("column `u` is uuid in the table, but string in the pipeline"));
}

TEST(SchemaJsonTest, BrokenSchemasAreFound) {
  const auto check = [](const std::string& fields) {
    const std::string text = R"({"schema-id":0,"type":"struct","fields":[)" + fields + "]}";
    return CheckSchemaJson(Json::parse(text)).has_value();
  };
  EXPECT_TRUE(check(R"({"id":1,"name":"a","type":"int"})"));
  EXPECT_TRUE(check(R"({"id":1,"name":"a","type":
      {"type":"map","key-id":2,"key":"int","value-id":3,"value":"int"}})"));
  EXPECT_FALSE(check("7"));
  EXPECT_FALSE(check(R"({"id":1,"type":"int"})"));
  EXPECT_FALSE(check(R"({"id":1,"name":"a"})"));
  EXPECT_FALSE(check(R"({"id":1,"name":"a","type":{"type":"list"}})"));
  EXPECT_FALSE(check(R"({"id":1,"name":"a","type":{"type":"struct","fields":5}})"));
  EXPECT_FALSE(CheckSchemaJson(Json::parse("7")).has_value());
  EXPECT_FALSE(CheckSchemaJson(Json::parse(R"({"schema-id":0,"type":"struct"})")).has_value());
}

}  // namespace
}  // namespace sluice
