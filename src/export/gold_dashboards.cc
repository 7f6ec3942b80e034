#include "export/gold_dashboards.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "export/automatic_charts.h"
#include "export/chart_settings.h"
#include "export/identity.h"
#include "export/settings.h"

namespace sluice {
namespace {

const Dataset* DatasetFor(const Model& model, const std::vector<Dataset>& datasets) {
  const auto found = std::ranges::find(datasets, model.relation, &Dataset::name);
  return found == datasets.end() ? nullptr : &*found;
}

std::vector<const Dataset*> DatasetsFor(const std::vector<const Model*>& models,
                                        const std::vector<Dataset>& datasets) {
  std::vector<const Dataset*> found;
  for (const auto* model : models) {
    const Dataset* const dataset = DatasetFor(*model, datasets);
    if (dataset != nullptr) found.push_back(dataset);
  }
  return found;
}

std::vector<const Model*> ModelsOf(const Manifest& manifest, const Exposure& exposure) {
  std::vector<const Model*> models;
  for (const auto& id : exposure.models) {
    const Model* const model = manifest.Find(id);
    if (model != nullptr) models.push_back(model);
  }
  return models;
}

void AddAutomatic(Dashboard& dashboard, const std::vector<const Dataset*>& datasets) {
  for (const auto* dataset : datasets) dashboard.sections.push_back(AutomaticSection(*dataset));
  if (dashboard.filters.empty()) dashboard.filters = AutomaticFilters(datasets);
}

Status AddFilters(Dashboard& dashboard, Settings& settings, const ModelNames& names) {
  for (const auto& text : settings.Texts("filters")) {
    if (text == "time") {
      dashboard.filters.push_back({.title = "Time"});
      continue;
    }
    const size_t dot = text.find('.');
    const Dataset* const dataset = names.Find(dot == std::string::npos ? "" : text.substr(0, dot));
    const Column* const column =
        dataset == nullptr ? nullptr : dataset->FindColumn(text.substr(dot + 1));
    if (column == nullptr) {
      settings.Wrong("filters", fmt::format("has `{}`, which is no column", text),
                     "write model.column, or time");
      return settings.Finish();
    }
    dashboard.filters.push_back({column->label, dataset->name, column->name});
  }
  return {};
}

// Titles decide UUIDs and files, so each comes once in a dashboard.
Status CheckTitles(const Dashboard& dashboard, const std::string& place) {
  std::set<std::string> slugs;
  for (const auto& section : dashboard.sections) {
    for (const auto& chart : section.charts) {
      if (slugs.insert(SlugOf(chart.title)).second) continue;
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("{}: two charts have the title `{}`", place, chart.title),
                  "give one of them another `title`");
    }
  }
  return {};
}

Result<Dashboard> DashboardOf(const Exposure& exposure, const Manifest& manifest,
                              const std::vector<Dataset>& datasets) {
  const std::string place =
      fmt::format("meta.superset of the exposure {} ({})", exposure.name, exposure.file);
  const auto models = ModelsOf(manifest, exposure);
  const auto shown = DatasetsFor(models, datasets);
  const ModelNames names(models, shown);
  Dashboard dashboard{.name = exposure.name,
                      .title = exposure.label,
                      .slug = SlugOf(exposure.name),
                      .description = exposure.description};
  Settings settings(exposure.meta, place);
  if (const auto slug = settings.Text("slug"); !slug.empty()) dashboard.slug = SlugOf(slug);
  dashboard.refresh_s = settings.Number("refresh");
  SLUICE_TRY(AddFilters(dashboard, settings, names));
  const Json& charts = settings.Nested("charts");
  SLUICE_TRY(settings.Finish());
  if (charts.is_null()) {
    AddAutomatic(dashboard, shown);
  } else {
    SLUICE_ASSIGN(dashboard.sections, ReadCharts(charts, names, place));
  }
  SLUICE_TRY(CheckTitles(dashboard, place));
  return dashboard;
}

}  // namespace

std::vector<const Model*> LeavesOf(const Manifest& manifest) {
  std::set<std::string> read;
  for (const auto& model : manifest.models) read.insert(model.parents.begin(), model.parents.end());
  std::vector<const Model*> leaves;
  for (const auto& model : manifest.models) {
    if (!read.contains(model.unique_id)) leaves.push_back(&model);
  }
  return leaves;
}

Result<std::vector<Dashboard>> GoldDashboards(const Manifest& manifest,
                                              const std::vector<Dataset>& datasets,
                                              const std::string& title) {
  std::vector<Dashboard> dashboards;
  for (const auto& exposure : manifest.dashboards) {
    SLUICE_ASSIGN(auto dashboard, DashboardOf(exposure, manifest, datasets));
    dashboards.push_back(std::move(dashboard));
  }
  if (dashboards.empty()) {
    Dashboard all{.name = "gold", .title = title, .slug = SlugOf(title)};
    AddAutomatic(all, DatasetsFor(LeavesOf(manifest), datasets));
    if (!all.sections.empty()) dashboards.push_back(std::move(all));
  }
  return dashboards;
}

}  // namespace sluice
