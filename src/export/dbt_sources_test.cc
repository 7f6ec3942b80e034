#include "export/dbt_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

Spec BooksSpec() {
  Spec spec;
  spec.pipeline = "books";
  SilverSpec silver;
  silver.from = {"raw", "books"};
  silver.expect = {
      {.name = "title",
       .check = "book_title IS NOT NULL",
       .otherwise = Otherwise::kQuarantine,
       .place = {}},
      {.name = "sales", .check = "sales > 0", .otherwise = Otherwise::kWarn, .place = {}}};
  silver.warehouse = WarehouseTableSpec{.schema = "public",
                                        .table = "books_silver",
                                        .mode = WriteMode::kUpsert,
                                        .key = {"book_title", "authors"},
                                        .place = {}};
  spec.silver = {silver};
  return spec;
}

const std::vector<std::vector<SourceColumn>> kColumns{
    {{{"book_title", {}, false, "The title"}, "text"},
     {{"authors", {}}, "text"},
     {{"sales", {.kind = TypeKind::kDouble}}, "double precision"},
     {{"sales_tax", {.kind = TypeKind::kDouble}}, "double precision"}}};

TEST(DbtSourcesTest, SaysWhatThePipelineFileSays) {
  const std::string text = DbtSources(BooksSpec(), kColumns, {});
  EXPECT_THAT(text, HasSubstr("  - name: warehouse\n"));
  EXPECT_THAT(text, HasSubstr("    schema: public\n"));
  EXPECT_THAT(text, HasSubstr("      - name: books_silver\n"));
  EXPECT_THAT(text, HasSubstr("the latest record for each (book_title, authors)"));
  EXPECT_THAT(text, HasSubstr("loaded_at_field: _timestamp\n"));
  EXPECT_THAT(text, HasSubstr("The title. Part of the key. Expected: book_title IS NOT NULL"));
  EXPECT_THAT(text, HasSubstr("            data_tests:\n              - not_null\n"
                              "          - name: authors\n"));
  EXPECT_THAT(text, HasSubstr("Expected: sales > 0 (else counted)."));
  // A column of a like name is another column.
  EXPECT_THAT(text,
              HasSubstr("          - name: sales_tax\n            data_type: double precision\n"));
}

TEST(DbtSourcesTest, PeriodsAreWhole) {
  const std::string text = DbtSources(
      BooksSpec(), kColumns,
      {.name = "raw_layer", .warn_after_ms = 90 * 60'000, .error_after_ms = 172'800'000});
  EXPECT_THAT(text, HasSubstr("  - name: raw_layer\n"));
  EXPECT_THAT(text, HasSubstr("count: 90\n              period: minute\n"));
  EXPECT_THAT(text, HasSubstr("count: 2\n              period: day\n"));
}

TEST(DbtSourcesTest, TablesWithoutWarehouseAreLeftOut) {
  Spec spec = BooksSpec();
  spec.silver.push_back(spec.silver[0]);
  spec.silver[1].warehouse.reset();
  const std::string text = DbtSources(spec, {kColumns[0], {}}, {});
  EXPECT_THAT(text, HasSubstr("books_silver"));
  EXPECT_THAT(text, Not(HasSubstr("warehouse_")));
}

}  // namespace
}  // namespace sluice
