#include "config/silver_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

const Type kString{.kind = TypeKind::kString};

SilverSpec Silver(std::vector<std::string> key, std::vector<PartitionField> partition_by) {
  SilverSpec silver;
  silver.sql = "SELECT 1";
  silver.sql_lines = {{7, 10}};
  silver.partition_by = std::move(partition_by);
  silver.partition_places = {{8, 20}, {8, 30}};
  silver.warehouse = WarehouseTableSpec{.schema = "public",
                                        .table = "books",
                                        .mode = WriteMode::kUpsert,
                                        .key = std::move(key),
                                        .place = {9, 5},
                                        .key_places = {{10, 13}, {10, 20}}};
  return silver;
}

TEST(SilverColumns, AcceptsWhatIsThere) {
  EXPECT_THAT(CheckSilverColumns(Silver({"title"}, {{"identity", "title"}, {"day", "_timestamp"}}),
                                 {{"title", kString}}),
              IsEmpty());
}

TEST(SilverColumns, NamesAKeyThatIsNotMade) {
  const auto found = CheckSilverColumns(Silver({"title", "autors"}, {}),
                                        {{"title", kString}, {"authors", kString}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "E0306");
  EXPECT_EQ(found[0].place.line, 10);
  EXPECT_EQ(found[0].place.column, 20);
  EXPECT_EQ(found[0].label, "did you mean `authors`?");
  EXPECT_EQ(found[0].help, "its columns: title, authors");
}

TEST(SilverColumns, NamesPartitionsThatCannotBe) {
  const auto found = CheckSilverColumns(
      Silver({"title"}, {{"identity", "titel"}, {"day", "title"}}), {{"title", kString}});
  EXPECT_THAT(found,
              ElementsAre(Field(&Diagnostic::code, "E0306"), Field(&Diagnostic::code, "E0210")));
  EXPECT_THAT(found[1].message, HasSubstr("`day` needs a date or a timestamp"));
  EXPECT_EQ(found[1].place.column, 30);
}

TEST(SilverColumns, FindsNamesThatPostgresqlWouldCut) {
  const std::string same(63, 'a');
  const auto found = CheckSilverColumns(Silver({}, {}), {{same + "1", kString}, {same, kString}});
  EXPECT_THAT(found, ElementsAre(Field(&Diagnostic::code, "E0202")));
  EXPECT_THAT(found[0].message, HasSubstr("are the same name to PostgreSQL"));
  EXPECT_EQ(found[0].place.line, 7);
}

}  // namespace
}  // namespace sluice
