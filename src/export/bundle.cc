#include "export/bundle.h"

#include <fmt/format.h>

#include "export/chart_query.h"
#include "export/dashboard_document.h"
#include "export/identity.h"
#include "export/yaml.h"

namespace sluice {
namespace {

// Superset drops the first folder of every path.
constexpr std::string_view kRoot = "superset_bundle";
constexpr const char* kVersion = "1.0.0";

Json DatabaseDocument(const Assets& assets) {
  return {{"database_name", assets.database},
          {"sqlalchemy_uri", assets.database_uri},
          {"expose_in_sqllab", true},
          {"allow_run_async", false},
          {"allow_ctas", false},
          {"allow_cvas", false},
          {"allow_dml", false},
          {"allow_csv_upload", false},
          {"extra", {{"allows_virtual_table_explore", true}}},
          {"uuid", DatabaseUuid(assets)},
          {"version", kVersion}};
}

bool IsDimension(Role role) {
  return role != Role::kMeasure && role != Role::kHidden;
}

Json ColumnDocument(const Column& column) {
  const bool is_time = column.role == Role::kTime || column.role == Role::kLoadTime;
  return {{"column_name", column.name}, {"verbose_name", column.label},
          {"type", column.type},        {"is_dttm", is_time},
          {"is_active", true},          {"groupby", IsDimension(column.role)},
          {"filterable", true},         {"description", column.description}};
}

Json MetricDocument(const Metric& metric) {
  Json document{{"metric_name", metric.name},
                {"verbose_name", metric.label},
                {"expression", metric.sql},
                {"description", metric.description}};
  document["d3format"] = metric.format.empty() ? Json() : Json(metric.format);
  return document;
}

Json DatasetDocument(const Assets& assets, const Dataset& dataset) {
  Json columns = Json::array(), metrics = Json::array();
  for (const auto& column : dataset.columns) columns.push_back(ColumnDocument(column));
  for (const auto& metric : dataset.metrics) metrics.push_back(MetricDocument(metric));
  return {{"table_name", dataset.name},
          {"schema", dataset.schema},
          {"sql", dataset.sql.empty() ? Json() : Json(dataset.sql)},
          {"description", dataset.description},
          {"main_dttm_col", dataset.time_column.empty() ? Json() : Json(dataset.time_column)},
          {"columns", std::move(columns)},
          {"metrics", std::move(metrics)},
          {"uuid", DatasetUuid(assets, dataset.name)},
          {"database_uuid", DatabaseUuid(assets)},
          {"version", kVersion}};
}

Json ChartDocument(const Assets& assets, const Dashboard& dashboard, const Chart& chart) {
  ChartQuery made = ChartQueryOf(chart, *assets.Find(chart.dataset));
  // The import puts the dataset's own number in place of 0.
  const Json context{{"datasource", {{"id", 0}, {"type", "table"}}},
                     {"force", false},
                     {"queries", Json::array({std::move(made.query)})},
                     {"form_data", made.params},
                     {"result_format", "json"},
                     {"result_type", "full"}};
  return {{"slice_name", chart.title},
          {"description", chart.note},
          {"viz_type", made.viz_type},
          {"params", std::move(made.params)},
          {"query_context", context.dump()},
          {"dataset_uuid", DatasetUuid(assets, chart.dataset)},
          {"uuid", ChartUuid(assets, dashboard, chart)},
          {"version", kVersion}};
}

}  // namespace

Files BundleOf(const Assets& assets) {
  Files files;
  const auto add = [&](const std::string& path, const Json& document) {
    files[fmt::format("{}/{}.yaml", kRoot, path)] = ToYaml(document);
  };
  add("metadata", {{"version", kVersion}, {"type", "assets"}});
  add("databases/" + SlugOf(assets.database), DatabaseDocument(assets));
  for (const auto& dataset : assets.datasets) {
    add("datasets/" + SlugOf(dataset.name), DatasetDocument(assets, dataset));
  }
  for (const auto& dashboard : assets.dashboards) {
    const std::string name = SlugOf(dashboard.name);
    add("dashboards/" + name, DashboardDocument(assets, dashboard));
    for (const auto& section : dashboard.sections) {
      for (const auto& chart : section.charts) {
        add(fmt::format("charts/{}/{}", name, SlugOf(chart.title)),
            ChartDocument(assets, dashboard, chart));
      }
    }
  }
  return files;
}

}  // namespace sluice
