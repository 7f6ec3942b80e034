#include "export/superset.h"

#include <fmt/format.h>

#include <algorithm>

#include "export/gold_dashboards.h"
#include "export/model_dataset.h"
#include "export/pipeline_dashboard.h"

namespace sluice {
namespace {

// The tables of the pipeline, for people who have no dbt project.
Manifest WarehouseTables(const Spec& spec) {
  Manifest manifest{.project = spec.pipeline, .models = {}, .dashboards = {}};
  for (const auto& silver : spec.silver) {
    if (!silver.warehouse) continue;
    manifest.models.push_back({.unique_id = silver.table.Full(),
                               .name = silver.warehouse->table,
                               .schema = silver.warehouse->schema,
                               .relation = silver.warehouse->table,
                               .description = "Silver rows, written by sluice.",
                               .file = spec.file,
                               .columns = {},
                               .parents = {},
                               .meta = {}});
  }
  return manifest;
}

Result<std::vector<Dataset>> ModelDatasets(const Manifest& manifest, SqlSession& session) {
  std::vector<Dataset> datasets;
  for (const auto& model : manifest.models) {
    SLUICE_ASSIGN(const auto live, ReadLiveColumns(session, model.schema, model.relation));
    if (live.empty()) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("{}.{} is not in the warehouse", model.schema, model.relation),
                  "`sluice run --once` makes the tables and builds gold; then export again",
                  std::string(kNotBuilt));
    }
    SLUICE_ASSIGN(auto dataset, DatasetOf(model, live));
    if (std::ranges::find(datasets, dataset.name, &Dataset::name) != datasets.end()) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("two models are called {} in the warehouse", dataset.name),
                  "give one of them another alias: charts name tables without their schema");
    }
    datasets.push_back(std::move(dataset));
  }
  return datasets;
}

}  // namespace

Result<Assets> SupersetAssets(const Spec& spec, const Manifest* manifest, SqlSession& session,
                              const std::map<std::string, std::string>& warehouse) {
  const Manifest tables = manifest == nullptr ? WarehouseTables(spec) : *manifest;
  Assets assets{.database = spec.pipeline, .database_uri = SqlAlchemyUri(warehouse)};
  SLUICE_ASSIGN(assets.datasets, ModelDatasets(tables, session));
  SLUICE_ASSIGN(assets.dashboards, GoldDashboards(tables, assets.datasets, TitleOf(spec.pipeline)));
  for (auto& dataset : LedgerDatasets(spec)) assets.datasets.push_back(std::move(dataset));
  assets.dashboards.push_back(PipelineDashboard(spec));
  return assets;
}

}  // namespace sluice
