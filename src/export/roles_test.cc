#include "export/roles.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(RolesTest, TypeAndNameDecide) {
  EXPECT_EQ(RoleOf("ordered_at", "timestamp with time zone", false), Role::kTime);
  EXPECT_EQ(RoleOf("birthday", "date", false), Role::kTime);
  EXPECT_EQ(RoleOf("ingested_at", "timestamp with time zone", false), Role::kLoadTime);
  EXPECT_EQ(RoleOf("_timestamp", "timestamp with time zone", false), Role::kLoadTime);
  EXPECT_EQ(RoleOf("_offset", "bigint", false), Role::kHidden);
  EXPECT_EQ(RoleOf("author_key", "text", true), Role::kHidden);
  EXPECT_EQ(RoleOf("id", "bigint", true), Role::kHidden);
  EXPECT_EQ(RoleOf("first_published_year", "integer", false), Role::kOrdinal);
  EXPECT_EQ(RoleOf("year", "numeric(4,0)", false), Role::kMeasure);
  EXPECT_EQ(RoleOf("sales_millions", "numeric(12,2)", false), Role::kMeasure);
  EXPECT_EQ(RoleOf("genre", "text", false), Role::kCategory);
  EXPECT_EQ(RoleOf("paid", "boolean", false), Role::kCategory);
  EXPECT_EQ(RoleOf("title", "character varying(80)", true), Role::kLabel);
  EXPECT_EQ(RoleOf("lines", "jsonb", false), Role::kHidden);
}

TEST(RolesTest, NamesSayHowToBringNumbersTogether) {
  EXPECT_EQ(AggregateOf("total_sales_millions"), "SUM");
  EXPECT_EQ(AggregateOf("average_celsius"), "AVG");
  EXPECT_EQ(AggregateOf("least_celsius"), "MIN");
  EXPECT_EQ(AggregateOf("most_celsius"), "MAX");
  EXPECT_EQ(AggregateOf("ratings"), "SUM");
}

}  // namespace
}  // namespace sluice
