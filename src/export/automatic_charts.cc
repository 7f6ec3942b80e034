#include "export/automatic_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "export/manifest.h"

namespace sluice {
namespace {

constexpr size_t kNumbers = 4;
constexpr size_t kOrdinals = 2;
constexpr size_t kCategories = 4;
constexpr size_t kFilters = 4;

std::vector<const Column*> Of(const Dataset& dataset, Role role, size_t limit) {
  std::vector<const Column*> found;
  for (const auto& column : dataset.columns) {
    if (column.role == role && found.size() < limit) found.push_back(&column);
  }
  return found;
}

std::string Lower(std::string text) {
  // `Sales millions` inside a title; `USD` stays.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

// What charts show: the first metric that is more than a count of rows.
const Metric& MainMetric(const Dataset& dataset) {
  const auto found = std::ranges::find_if(
      dataset.metrics, [](const Metric& metric) { return metric.name != "count"; });
  return found == dataset.metrics.end() ? dataset.metrics.front() : *found;
}

class Builder {
 public:
  explicit Builder(const Dataset& dataset) : dataset_(dataset), metric_(MainMetric(dataset)) {
    section_.title = TitleOf(dataset.name);
  }

  Section Make() {
    AddNumbers();
    AddAxes();
    AddCategories();
    AddTable();
    return std::move(section_);
  }

 private:
  Chart& Add(ChartKind kind, const std::string& what) {
    section_.charts.push_back({.kind = kind,
                               .title = fmt::format("{}: {}", section_.title, what),
                               .dataset = dataset_.name});
    return section_.charts.back();
  }

  void AddNumbers() {
    for (size_t i = 0; i < std::min(kNumbers, dataset_.metrics.size()); ++i) {
      Add(ChartKind::kNumber, Lower(dataset_.metrics[i].label)).metrics = {
          dataset_.metrics[i].name};
    }
  }

  void AddAxes() {
    for (const auto* column : Of(dataset_, Role::kTime, 1)) {
      Chart& chart = Add(ChartKind::kLine, By(*column));
      chart.metrics = {metric_.name};
      chart.by = column->name;
      chart.width = 12;
    }
    for (const auto* column : Of(dataset_, Role::kOrdinal, kOrdinals)) {
      Chart& chart = Add(ChartKind::kBar, By(*column));
      chart.metrics = {metric_.name};
      chart.by = column->name;
      chart.in_order = true;
    }
  }

  void AddCategories() {
    for (const auto* column : Of(dataset_, Role::kLabel, 1)) AddBars(*column);
    size_t number = 0;
    for (const auto* column : Of(dataset_, Role::kCategory, kCategories)) {
      if (number++ % 2 == 0) {
        AddBars(*column);
      } else {
        Chart& chart = Add(ChartKind::kPie, By(*column));
        chart.metrics = {metric_.name};
        chart.by = column->name;
        chart.width = 6;
      }
    }
  }

  void AddBars(const Column& column) {
    Chart& chart = Add(ChartKind::kBar, By(column));
    chart.metrics = {metric_.name};
    chart.by = column.name;
    chart.horizontal = true;
    chart.limit = 15;
  }

  void AddTable() {
    Chart& chart = Add(ChartKind::kTable, "all rows");
    for (const auto& column : dataset_.columns) {
      if (column.role != Role::kHidden) chart.columns.push_back(column.name);
    }
    if (chart.columns.empty()) {
      for (const auto& column : dataset_.columns) chart.columns.push_back(column.name);
    }
    const auto measures = Of(dataset_, Role::kMeasure, 1);
    chart.order_by = measures.empty() ? chart.columns.front() : measures.front()->name;
    chart.descending = !measures.empty();
  }

  std::string By(const Column& column) const {
    return fmt::format("{} by {}", Lower(metric_.label), Lower(column.label));
  }

  const Dataset& dataset_;
  const Metric& metric_;
  Section section_;
};

}  // namespace

Section AutomaticSection(const Dataset& dataset) {
  return Builder(dataset).Make();
}

std::vector<Filter> AutomaticFilters(const std::vector<const Dataset*>& datasets) {
  std::vector<Filter> filters;
  const bool has_time = std::ranges::any_of(
      datasets, [](const Dataset* dataset) { return !dataset->time_column.empty(); });
  if (has_time) filters.push_back({.title = "Time"});
  for (const auto* dataset : datasets) {
    for (const auto* column : Of(*dataset, Role::kCategory, kFilters)) {
      const bool there = std::ranges::find(filters, column->name, &Filter::column) != filters.end();
      if (!there && filters.size() < kFilters) {
        filters.push_back({column->label, dataset->name, column->name});
      }
    }
  }
  return filters;
}

}  // namespace sluice
