#include "export/model_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/text.h"
#include "export/roles.h"
#include "export/settings.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 4> kAggregates{"sum", "avg", "min", "max"};
constexpr std::array<std::pair<std::string_view, Role>, 6> kRoles{{{"time", Role::kTime},
                                                                   {"ordinal", Role::kOrdinal},
                                                                   {"measure", Role::kMeasure},
                                                                   {"category", Role::kCategory},
                                                                   {"label", Role::kLabel},
                                                                   {"hidden", Role::kHidden}}};

std::string PlaceOf(const Model& model) {
  return fmt::format("meta.superset of the model {} ({})", model.name, model.file);
}

void ReadRole(Settings& settings, Role& role) {
  const std::string text = settings.Text("role");
  if (text.empty()) return;
  const auto* const found =
      std::ranges::find(kRoles, text, &std::pair<std::string_view, Role>::first);
  if (found != kRoles.end()) {
    role = found->second;
  } else {
    settings.Wrong("role", "is none of time, ordinal, measure, category, label, hidden");
  }
}

// COALESCE: where a filter leaves no row, Superset would sort NULL first and show nothing.
Metric MeasureMetric(const Column& column, const std::string& aggregate) {
  std::string lower(aggregate);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string sql = fmt::format("{}({})", aggregate, QuoteIdentifier(column.name));
  if (aggregate == "SUM") sql = fmt::format("COALESCE({}, 0)", sql);
  return {.name = lower + "_" + column.name,
          .label = column.label,
          .sql = std::move(sql),
          .format = column.format,
          .description = column.description};
}

Status AddColumn(Dataset& dataset, const Model& model, const LiveColumn& live) {
  const auto known = model.columns.find(live.name);
  const ModelColumn said = known == model.columns.end() ? ModelColumn{} : known->second;
  Column column{.name = live.name,
                .type = SupersetType(live.type),
                .label = TitleOf(live.name),
                .description = said.description.empty() ? live.comment : said.description,
                .format = FormatOf(live.type),
                .role = RoleOf(live.name, live.type, said.unique)};
  std::string aggregate = AggregateOf(live.name);
  Settings settings(said.meta,
                    fmt::format("meta.superset of {}.{} ({})", model.name, live.name, model.file));
  ReadRole(settings, column.role);
  // A year is no quantity: 1859, not 1,859.
  if (column.role == Role::kOrdinal) column.format = "d";
  if (const auto label = settings.Text("label"); !label.empty()) column.label = label;
  if (const auto format = settings.Text("format"); !format.empty()) column.format = format;
  if (auto said_so = settings.Text("aggregate"); !said_so.empty()) {
    if (std::ranges::find(kAggregates, said_so) == kAggregates.end()) {
      settings.Wrong("aggregate", "is none of sum, avg, min, max");
    }
    std::ranges::transform(said_so, said_so.begin(),
                           [](unsigned char c) { return std::toupper(c); });
    aggregate = said_so;
  }
  SLUICE_TRY(settings.Finish());
  if (column.role == Role::kMeasure) dataset.metrics.push_back(MeasureMetric(column, aggregate));
  dataset.columns.push_back(std::move(column));
  return {};
}

Result<Metric> MetricOf(const std::string& name, const Json& document, const std::string& place) {
  Metric metric{.name = name, .label = TitleOf(name), .sql = {}};
  if (document.is_string()) {
    metric.sql = document.get<std::string>();
    return metric;
  }
  Settings settings(document, fmt::format("{}, metric {}", place, name));
  metric.sql = settings.Text("sql");
  if (metric.sql.empty()) settings.Wrong("sql", "is missing", "such as sql: COUNT(*)");
  if (const auto label = settings.Text("label"); !label.empty()) metric.label = label;
  metric.format = settings.Text("format");
  metric.description = settings.Text("description");
  SLUICE_TRY(settings.Finish());
  return metric;
}

// Declared ones come first: charts that say nothing take the first.
Status AddDeclaredMetrics(Dataset& dataset, Settings& settings) {
  std::vector<Metric> declared;
  const Json& metrics = settings.Nested("metrics");
  if (!metrics.is_object() && !metrics.is_null()) settings.Wrong("metrics", "is not a map");
  if (metrics.is_object()) {
    for (const auto& [name, document] : metrics.items()) {
      SLUICE_ASSIGN(auto metric, MetricOf(name, document, settings.place()));
      std::erase_if(dataset.metrics, [&](const Metric& other) { return other.name == name; });
      declared.push_back(std::move(metric));
    }
  }
  dataset.metrics.insert(dataset.metrics.begin(), declared.begin(), declared.end());
  return {};
}

std::string FirstOf(const Dataset& dataset, Role role) {
  const auto found = std::ranges::find(dataset.columns, role, &Column::role);
  return found == dataset.columns.end() ? "" : found->name;
}

}  // namespace

Result<Dataset> DatasetOf(const Model& model, const std::vector<LiveColumn>& live) {
  Dataset dataset{.name = model.relation, .schema = model.schema, .description = model.description};
  dataset.metrics.push_back(
      {.name = "count", .label = "Rows", .sql = "COUNT(*)", .format = ",d", .description = {}});
  for (const auto& column : live) SLUICE_TRY(AddColumn(dataset, model, column));
  Settings settings(model.meta, PlaceOf(model));
  SLUICE_TRY(AddDeclaredMetrics(dataset, settings));
  dataset.time_column = settings.Text("time");
  if (!dataset.time_column.empty() && dataset.FindColumn(dataset.time_column) == nullptr) {
    settings.Wrong("time", "names no column of the table");
  }
  SLUICE_TRY(settings.Finish());
  if (dataset.time_column.empty()) dataset.time_column = FirstOf(dataset, Role::kTime);
  return dataset;
}

}  // namespace sluice
