#include "config/location.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string LocationOf(const std::string& root, const TableName& table) {
  LakeSpec lake;
  lake.root = root;
  return TableLocation(lake, table);
}

TEST(Location, PutsTablesUnderTheRoot) {
  EXPECT_EQ(LocationOf("file:///var/lake", {"raw", "books"}), "file:///var/lake/raw/books");
  EXPECT_EQ(LocationOf("s3://bucket", {"raw", "books"}), "s3://bucket/raw/books");
  EXPECT_EQ(LocationOf("s3://bucket/a/b", {"raw", "books"}), "s3://bucket/a/b/raw/books");
}

TEST(Location, TakesTheNamespaceForTheBucketOfABareScheme) {
  EXPECT_EQ(LocationOf("s3://", {"raw", "books"}), "s3://raw/books");
}

void ExpectPlace(const Place& place, int line, int column) {
  EXPECT_EQ(place.line, line);
  EXPECT_EQ(place.column, column);
}

TEST(Location, CountsLinesAndCharactersOfSql) {
  SilverSpec silver;
  silver.sql = "SELECT \"é\",\n  b\nFROM t\n";
  silver.sql_lines = {{10, 7}, {11, 9}, {12, 7}, {13, 1}};
  ExpectPlace(PlaceInSql(silver, 0), 10, 7);
  ExpectPlace(PlaceInSql(silver, silver.sql.find(',')), 10, 17);  // é is one character, two bytes
  ExpectPlace(PlaceInSql(silver, silver.sql.find('b')), 11, 11);
  ExpectPlace(PlaceInSql(silver, silver.sql.find("FROM")), 12, 7);
  ExpectPlace(PlaceInSql(silver, silver.sql.size()), 13, 1);
}

TEST(Location, StaysInsideWhenLinesAreMissing) {
  SilverSpec silver;
  silver.sql = "a\nb\nc";
  ExpectPlace(PlaceInSql(silver, 4), 0, 0);
  silver.sql_lines = {{3, 5}};
  ExpectPlace(PlaceInSql(silver, 4), 3, 5);
  ExpectPlace(PlaceInSql(silver, 1000), 3, 5);
}

TEST(Location, FindsAPlaceInACheck) {
  Expectation expectation;
  expectation.check = "sales > zero";
  expectation.place = {20, 30};
  ExpectPlace(PlaceInCheck(expectation, expectation.check.find("zero")), 20, 38);
}

}  // namespace
}  // namespace sluice
