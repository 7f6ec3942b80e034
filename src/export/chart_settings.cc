#include "export/chart_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "export/settings.h"

namespace sluice {
namespace {

constexpr std::array<std::pair<std::string_view, ChartKind>, 6> kKinds{
    {{"number", ChartKind::kNumber},
     {"bar", ChartKind::kBar},
     {"line", ChartKind::kLine},
     {"pie", ChartKind::kPie},
     {"treemap", ChartKind::kTreemap},
     {"table", ChartKind::kTable}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kGrains{{{"second", "PT1S"},
                                                                                {"minute", "PT1M"},
                                                                                {"hour", "PT1H"},
                                                                                {"day", "P1D"},
                                                                                {"week", "P1W"},
                                                                                {"month", "P1M"},
                                                                                {"year", "P1Y"}}};

std::string NamesOf(const auto& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return Join(names, ", ");
}

ChartKind ReadKind(Settings& settings) {
  const std::string text = settings.Text("type");
  const auto* const found =
      std::ranges::find(kKinds, text, &std::pair<std::string_view, ChartKind>::first);
  if (found != kKinds.end()) return found->second;
  settings.Wrong("type", text.empty() ? "is missing" : fmt::format("is `{}`", text),
                 "one of number, bar, line, pie, treemap, table");
  return ChartKind::kTable;
}

std::string ReadColumn(Settings& settings, std::string_view key, const Dataset& dataset) {
  const std::string name = settings.Text(key);
  if (!name.empty() && dataset.FindColumn(name) == nullptr) {
    settings.Wrong(key, fmt::format("is `{}`, which is no column of {}", name, dataset.name),
                   "its columns are " + NamesOf(dataset.columns));
  }
  return name;
}

void ReadMetrics(Settings& settings, const Dataset& dataset, Chart& chart) {
  chart.metrics = settings.Texts("metric");
  for (const auto& name : chart.metrics) {
    if (dataset.FindMetric(name) != nullptr) continue;
    settings.Wrong("metric", fmt::format("is `{}`, which is no metric of {}", name, dataset.name),
                   "its metrics are " + NamesOf(dataset.metrics));
  }
  if (chart.metrics.empty() && chart.kind != ChartKind::kTable) {
    chart.metrics = {dataset.metrics.front().name};
  }
}

void ReadAxis(Settings& settings, const Dataset& dataset, Chart& chart) {
  const bool has_axis = chart.kind != ChartKind::kNumber && chart.kind != ChartKind::kTable;
  chart.by = ReadColumn(settings, "by", dataset);
  chart.series = ReadColumn(settings, "series", dataset);
  if (has_axis && chart.by.empty()) settings.Wrong("by", "is missing", "name a column");
  const Column* const column = dataset.FindColumn(chart.by);
  // Along an ordinal in its order, unless a person wants the tallest first.
  chart.in_order = settings.Flag("in_order", column != nullptr && column->role == Role::kOrdinal);
  chart.horizontal = settings.Flag("horizontal", false);
  const std::string grain = settings.Text("grain");
  if (grain.empty()) return;
  const auto* const found =
      std::ranges::find(kGrains, grain, &std::pair<std::string_view, std::string_view>::first);
  if (found == kGrains.end()) {
    settings.Wrong("grain", "is none of second, minute, hour, day, week, month, year");
  } else {
    chart.grain = found->second;
  }
}

void ReadRows(Settings& settings, const Dataset& dataset, Chart& chart) {
  chart.columns = settings.Texts("columns");
  for (const auto& name : chart.columns) {
    if (dataset.FindColumn(name) != nullptr) continue;
    settings.Wrong("columns", fmt::format("has `{}`, which is no column of {}", name, dataset.name),
                   "its columns are " + NamesOf(dataset.columns));
  }
  if (chart.columns.empty()) {
    for (const auto& column : dataset.columns) {
      if (column.role != Role::kHidden) chart.columns.push_back(column.name);
    }
  }
  chart.order_by = ReadColumn(settings, "order_by", dataset);
  chart.descending = settings.Flag("descending", true);
  chart.bars = settings.Flag("bars", true);
}

Result<Chart> ReadChart(Settings& settings, const ModelNames& names) {
  Chart chart;
  chart.kind = ReadKind(settings);
  chart.title = settings.Text("title");
  if (chart.title.empty()) settings.Wrong("title", "is missing", "each chart has a title");
  const std::string model = settings.Text("model");
  const Dataset* const dataset = names.Find(model);
  if (dataset == nullptr) {
    settings.Wrong("model", model.empty() ? "is missing" : fmt::format("is `{}`", model),
                   "one of what the exposure depends on: " + Join(names.Names(), ", "));
    SLUICE_TRY(settings.Finish());
    return chart;
  }
  chart.dataset = dataset->name;
  ReadMetrics(settings, *dataset, chart);
  ReadAxis(settings, *dataset, chart);
  ReadRows(settings, *dataset, chart);
  chart.limit = settings.Number("limit");
  chart.subtitle = settings.Text("subtitle");
  chart.note = settings.Text("description");
  chart.width = settings.Number("width");
  if (chart.width > 12) settings.Wrong("width", "is more than 12, which is the whole row");
  chart.height = settings.Number("height");
  SLUICE_TRY(settings.Finish());
  return chart;
}

}  // namespace

ModelNames::ModelNames(const std::vector<const Model*>& models,
                       const std::vector<const Dataset*>& datasets) {
  for (const auto* model : models) {
    const auto dataset = std::ranges::find(datasets, model->relation,
                                           [](const Dataset* each) { return each->name; });
    if (dataset != datasets.end()) named_.emplace_back(model->name, *dataset);
  }
}

const Dataset* ModelNames::Find(std::string_view model) const {
  if (model.empty()) return named_.size() == 1 ? named_.front().second : nullptr;
  const auto found =
      std::ranges::find(named_, model, &std::pair<std::string, const Dataset*>::first);
  return found == named_.end() ? nullptr : found->second;
}

std::vector<std::string> ModelNames::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, dataset] : named_) names.push_back(name);
  return names;
}

Result<std::vector<Section>> ReadCharts(const Json& charts, const ModelNames& names,
                                        const std::string& place) {
  std::vector<Section> sections(1);
  size_t number = 0;
  if (!charts.is_array() || charts.empty()) {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("{}: `charts` is no list", place),
                "leave it out to get charts by column types");
  }
  for (const auto& item : charts) {
    Settings settings(item, fmt::format("{}, chart {}", place, ++number));
    if (const auto title = settings.Text("section"); !title.empty()) {
      SLUICE_TRY(settings.Finish());
      sections.push_back({.title = title});
      continue;
    }
    SLUICE_ASSIGN(auto chart, ReadChart(settings, names));
    sections.back().charts.push_back(std::move(chart));
  }
  return sections;
}

}  // namespace sluice
