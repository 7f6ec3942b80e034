#include "export/gold_dashboards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/bundle.h"
#include "export/model_dataset.h"
#include "export/superset.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A project with a mart `facts` over `stage`, and whatever settings a test gives it.
std::string ManifestText(const std::string& model_meta, const std::string& exposures) {
  return R"({"metadata": {"project_name": "shop"}, "nodes": {
    "model.shop.stage": {"resource_type": "model", "unique_id": "model.shop.stage",
      "package_name": "shop", "name": "stage", "alias": "stage", "schema": "public",
      "original_file_path": "models/stage.sql", "config": {"materialized": "view"},
      "columns": {}, "depends_on": {"nodes": []}},
    "model.shop.facts": {"resource_type": "model", "unique_id": "model.shop.facts",
      "package_name": "shop", "name": "facts", "alias": "facts", "schema": "public",
      "original_file_path": "models/facts.sql", "description": "Orders.",
      "config": {"materialized": "table", "meta": {"superset": )" +
         model_meta + R"(}}, "columns": {"country": {"description": "Where to.", "meta": {}}},
      "depends_on": {"nodes": ["model.shop.stage"]}},
    "model.other.facts2": {"resource_type": "model", "unique_id": "model.other.facts2",
      "package_name": "other", "name": "facts2", "alias": "facts2", "schema": "public"},
    "test.shop.unique": {"resource_type": "test", "test_metadata": {"name": "unique"},
      "attached_node": "model.shop.facts", "column_name": "title"}},
    "exposures": )" +
         exposures + "}";
}

std::string ExposureText(const std::string& meta) {
  return R"({"exposure.shop.sales": {"name": "sales", "type": "dashboard", "label": "Sales",
    "original_file_path": "models/sales.yml", "depends_on": {"nodes": ["model.shop.facts"]},
    "config": {"meta": {"superset": )" +
         meta + "}}}}";
}

const std::vector<LiveColumn> kLive{{"order_id", "bigint", ""},
                                    {"ordered_at", "timestamp with time zone", ""},
                                    {"country", "text", ""},
                                    {"title", "text", ""},
                                    {"total", "numeric(14,2)", "In euros."}};

Result<std::vector<Dashboard>> Make(const std::string& model_meta, const std::string& exposures) {
  SLUICE_ASSIGN(const auto manifest, ReadManifest(ManifestText(model_meta, exposures)));
  std::vector<Dataset> datasets;
  for (const auto& model : manifest.models) {
    SLUICE_ASSIGN(auto dataset, DatasetOf(model, kLive));
    datasets.push_back(std::move(dataset));
  }
  return GoldDashboards(manifest, datasets, "Shop");
}

std::string Fault(const std::string& model_meta, const std::string& exposures) {
  const auto made = Make(model_meta, exposures);
  return made ? "" : made.error().message + "\n" + made.error().hint;
}

std::vector<std::string> Titles(const Dashboard& dashboard) {
  std::vector<std::string> titles;
  for (const auto& section : dashboard.sections) {
    for (const auto& chart : section.charts) titles.push_back(chart.title);
  }
  return titles;
}

TEST(GoldDashboardsTest, ADatasetKnowsWhatTheProjectAndTheTableSay) {
  const std::string meta = R"x({"metrics": {"orders": "COUNT(*)"}})x";
  const auto manifest = ReadManifest(ManifestText(meta, "{}"));
  ASSERT_TRUE(manifest);
  ASSERT_EQ(manifest->models.size(), 2U);  // none of other packages
  const auto facts = DatasetOf(*manifest->Find("facts"), kLive);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->description, "Orders.");
  EXPECT_EQ(facts->FindColumn("country")->description, "Where to.");
  EXPECT_EQ(facts->FindColumn("total")->description, "In euros.");
  EXPECT_EQ(facts->FindColumn("total")->type, "NUMERIC(14, 2)");
  EXPECT_EQ(facts->FindColumn("title")->role, Role::kLabel);
  EXPECT_EQ(facts->time_column, "ordered_at");
  EXPECT_EQ(facts->metrics.at(0).name, "orders");
  EXPECT_EQ(facts->FindMetric("sum_total")->sql, R"(COALESCE(SUM("total"), 0))");
}

TEST(GoldDashboardsTest, WithoutSettingsTheTypesDecide) {
  const auto made = Make("null", "{}");
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->size(), 1U);
  EXPECT_EQ(made->at(0).title, "Shop");
  // The mart alone: the view that it reads is no end.
  ASSERT_EQ(made->at(0).sections.size(), 1U);
  EXPECT_THAT(Titles(made->at(0)),
              ElementsAre("Facts: rows", "Facts: total", "Facts: total by ordered at",
                          "Facts: total by title", "Facts: total by country", "Facts: all rows"));
  ASSERT_EQ(made->at(0).filters.size(), 2U);
  EXPECT_THAT(made->at(0).filters.at(0).column, IsEmpty());
  EXPECT_EQ(made->at(0).filters.at(1).column, "country");
}

TEST(GoldDashboardsTest, AnExposureIsADashboard) {
  const auto made =
      Make("null", ExposureText(R"({"slug": "Shop Sales", "filters": ["facts.country"],
    "charts": [{"type": "number", "title": "Total", "metric": "sum_total"},
               {"section": "Where"},
               {"type": "bar", "title": "By country", "by": "country", "limit": 3}]})"));
  ASSERT_TRUE(made) << made.error().message;
  const Dashboard& sales = made->at(0);
  EXPECT_EQ(sales.title, "Sales");
  EXPECT_EQ(sales.slug, "shop-sales");
  ASSERT_EQ(sales.sections.size(), 2U);
  EXPECT_EQ(sales.sections[1].title, "Where");
  EXPECT_EQ(sales.sections[1].charts.at(0).limit, 3);
  EXPECT_THAT(sales.sections[1].charts.at(0).metrics, ElementsAre("count"));
}

TEST(GoldDashboardsTest, MistakesNameThePlaceAndTheCure) {
  EXPECT_EQ(Fault("null", ExposureText(R"({"chart": []})")),
            "meta.superset of the exposure sales (models/sales.yml): `chart` is no key that is "
            "known here\ndid you mean `charts`?");
  EXPECT_THAT(Fault("null", ExposureText(R"({"charts": [{"type": "pi", "title": "A"}]})")),
              HasSubstr("chart 1: `type` is `pi`\none of number, bar"));
  EXPECT_THAT(Fault("null", ExposureText(R"({"charts": [{"type": "bar", "title": "A"}]})")),
              HasSubstr("chart 1: `by` is missing"));
  EXPECT_THAT(
      Fault("null", ExposureText(R"({"charts": [{"type": "pie", "title": "A", "by": "contry"}]})")),
      HasSubstr("`by` is `contry`, which is no column of facts\nits columns are order_id"));
  EXPECT_THAT(
      Fault("null",
            ExposureText(R"({"charts": [{"type": "number", "title": "A", "metric": "x"}]})")),
      HasSubstr("`metric` is `x`, which is no metric of facts\nits metrics are count"));
  EXPECT_THAT(Fault("null", ExposureText(R"({"charts": [{"type": "table", "title": "A"},
                                                        {"type": "table", "title": "a!"}]})")),
              HasSubstr("two charts have the title `a!`"));
  EXPECT_THAT(Fault("null", ExposureText(R"({"filters": ["facts.x"]})")),
              HasSubstr("`filters` has `facts.x`"));
  EXPECT_THAT(Fault("null", ExposureText(R"({"charts": [{"model": "stage", "type": "table",
                                                         "title": "A"}]})")),
              HasSubstr("one of what the exposure depends on: facts"));
  EXPECT_THAT(Fault(R"({"metrics": {"a": {"label": "A"}}})", "{}"), HasSubstr("`sql` is missing"));
  EXPECT_THAT(Fault(R"({"time": "x"})", "{}"), HasSubstr("`time` names no column"));
  EXPECT_THAT(Fault("[1]", "{}"), HasSubstr("is not a map of settings"));
}

TEST(GoldDashboardsTest, ABundleIsTheSameBytesAndNamesWhatItHolds) {
  const auto dashboards = Make("null", "{}");
  ASSERT_TRUE(dashboards);
  const auto manifest = ReadManifest(ManifestText("null", "{}"));
  Assets assets{.database = "shop", .database_uri = "postgresql://x", .dashboards = *dashboards};
  assets.datasets.push_back(*DatasetOf(*manifest->Find("facts"), kLive));
  const Files files = BundleOf(assets);
  EXPECT_EQ(files, BundleOf(assets));
  EXPECT_TRUE(files.contains("superset_bundle/metadata.yaml"));
  EXPECT_TRUE(files.contains("superset_bundle/databases/shop.yaml"));
  EXPECT_TRUE(files.contains("superset_bundle/datasets/facts.yaml"));
  EXPECT_TRUE(files.contains("superset_bundle/charts/gold/facts-total-by-country.yaml"));
  EXPECT_TRUE(files.contains("superset_bundle/dashboards/gold.yaml"));
}

TEST(GoldDashboardsTest, WhatIsNoManifestIsRefused) {
  EXPECT_FALSE(ReadManifest("{"));
  EXPECT_FALSE(ReadManifest("[]"));
  EXPECT_FALSE(ReadManifest(R"({"metadata": {}})"));
}

TEST(GoldDashboardsTest, AddressesForSuperset) {
  EXPECT_EQ(SqlAlchemyUri({{"host", "db.example.com"},
                           {"user", "a b"},
                           {"dbname", "w"},
                           {"port", "5433"},
                           {"password", "s"},
                           {"sslmode", "verify-full"}}),
            "postgresql+psycopg2://a%20b:XXXXXXXXXX@db.example.com:5433/w?sslmode=verify-full");
  EXPECT_EQ(SqlAlchemyUri({{"host", "/run/pg"}, {"user", "me"}, {"dbname", "w"}, {"port", "5"}}),
            "postgresql+psycopg2://me@/w?host=%2Frun%2Fpg&port=5");
  EXPECT_EQ(SqlAlchemyUri({{"host", "::1"}, {"user", "me"}, {"dbname", "w"}}),
            "postgresql+psycopg2://me:XXXXXXXXXX@[::1]/w");
}

}  // namespace
}  // namespace sluice
