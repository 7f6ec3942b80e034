#include "export/dashboard_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "export/identity.h"

namespace sluice {
namespace {

constexpr int kGridColumns = 12;

struct Size {
  int width;
  int height;
};

Size UsualSize(ChartKind kind) {
  switch (kind) {
    case ChartKind::kNumber:
      return {3, 20};
    case ChartKind::kBar:
      return {6, 50};
    case ChartKind::kLine:
      return {6, 50};
    case ChartKind::kPie:
      return {4, 50};
    case ChartKind::kTreemap:
      return {6, 50};
    case ChartKind::kTable:
      return {12, 60};
  }
  return {6, 50};
}

// Placed charts of one row, together at most twelve columns wide.
struct Place {
  const Chart* chart;
  Size size;
  int number;  // of the chart within its dashboard, from 1
};
using Row = std::vector<Place>;

// A row that is not full gets wider charts; all of a row are as tall as the tallest.
void Justify(Row& row) {
  int used = 0, tallest = 0;
  for (const auto& place : row) {
    used += place.size.width;
    tallest = std::max(tallest, place.size.height);
  }
  for (size_t i = 0; used < kGridColumns; i = (i + 1) % row.size(), ++used) ++row[i].size.width;
  for (auto& place : row) place.size.height = tallest;
}

std::vector<Row> RowsOf(const std::vector<Chart>& charts, int& number) {
  std::vector<Row> rows;
  int used = kGridColumns;
  for (const auto& chart : charts) {
    Size size = UsualSize(chart.kind);
    if (chart.width > 0) size.width = chart.width;
    if (chart.height > 0) size.height = chart.height;
    if (used + size.width > kGridColumns) {
      rows.emplace_back();
      used = 0;
    }
    rows.back().push_back({&chart, size, ++number});
    used += size.width;
  }
  for (auto& row : rows) Justify(row);
  return rows;
}

// The tree that Superset calls position: rows below a grid below a root.
class Grid {
 public:
  Grid(const Assets& assets, const Dashboard& dashboard) : assets_(assets), dashboard_(dashboard) {}

  Json Make() {
    int number = 0;
    for (const auto& section : dashboard_.sections) {
      if (!section.title.empty()) AddHeading(section.title);
      for (const auto& row : RowsOf(section.charts, number)) AddRow(row);
    }
    Json position{
        {"DASHBOARD_VERSION_KEY", "v2"},
        {"ROOT_ID", {{"id", "ROOT_ID"}, {"type", "ROOT"}, {"children", {"GRID_ID"}}}},
        {"GRID_ID",
         {{"id", "GRID_ID"},
          {"type", "GRID"},
          {"parents", {"ROOT_ID"}},
          {"children", std::move(children_)}}},
        {"HEADER_ID",
         {{"id", "HEADER_ID"}, {"type", "HEADER"}, {"meta", {{"text", dashboard_.title}}}}}};
    position.update(nodes_);
    return position;
  }

 private:
  void AddHeading(const std::string& text) {
    const std::string id = fmt::format("HEADER-{}", children_.size() + 1);
    children_.push_back(id);
    nodes_[id] = {{"id", id},
                  {"type", "HEADER"},
                  {"parents", {"ROOT_ID", "GRID_ID"}},
                  {"children", Json::array()},
                  {"meta",
                   {{"text", text},
                    {"headerSize", "MEDIUM_HEADER"},
                    {"background", "BACKGROUND_TRANSPARENT"}}}};
  }

  void AddRow(const Row& row) {
    const std::string id = fmt::format("ROW-{}", children_.size() + 1);
    children_.push_back(id);
    Json children = Json::array();
    for (const auto& place : row) children.push_back(AddChart(place, id));
    nodes_[id] = {{"id", id},
                  {"type", "ROW"},
                  {"parents", {"ROOT_ID", "GRID_ID"}},
                  {"children", std::move(children)},
                  {"meta", {{"background", "BACKGROUND_TRANSPARENT"}}}};
  }

  std::string AddChart(const Place& place, const std::string& row) {
    const std::string id = fmt::format("CHART-{}", place.number);
    nodes_[id] = {{"id", id},
                  {"type", "CHART"},
                  {"parents", {"ROOT_ID", "GRID_ID", row}},
                  {"children", Json::array()},
                  {"meta",
                   {{"uuid", ChartUuid(assets_, dashboard_, *place.chart)},
                    {"chartId", place.number},
                    {"sliceName", place.chart->title},
                    {"width", place.size.width},
                    {"height", place.size.height}}}};
    return id;
  }

  const Assets& assets_;
  const Dashboard& dashboard_;
  Json children_ = Json::array();
  Json nodes_ = Json::object();
};

// The numbers of charts that a filter says nothing of, as their dataset lacks its column.
Json Untouched(const Assets& assets, const Dashboard& dashboard, const Filter& filter) {
  Json excluded = Json::array();
  int number = 0;
  for (const auto& section : dashboard.sections) {
    for (const auto& chart : section.charts) {
      ++number;
      const Dataset* const dataset = assets.Find(chart.dataset);
      const bool touched = filter.column.empty() ? !dataset->time_column.empty()
                                                 : dataset->FindColumn(filter.column) != nullptr;
      if (!touched) excluded.push_back(number);
    }
  }
  return excluded;
}

Json FilterDocument(const Assets& assets, const Dashboard& dashboard, const Filter& filter,
                    size_t number) {
  const bool is_time = filter.column.empty();
  Json target = Json::object();
  if (!is_time) {
    target = {{"datasetUuid", DatasetUuid(assets, filter.dataset)},
              {"column", {{"name", filter.column}}}};
  }
  Json controls{{"enableEmptyFilter", false}};
  if (!is_time) {
    controls.update(Json{{"multiSelect", true},
                         {"defaultToFirstItem", false},
                         {"searchAllOptions", false},
                         {"inverseSelection", false},
                         {"sortAscending", true}});
  }
  return {
      {"id", fmt::format("NATIVE_FILTER-{}", number)},
      {"type", "NATIVE_FILTER"},
      {"name", filter.title},
      {"filterType", is_time ? "filter_time" : "filter_select"},
      {"targets", Json::array({std::move(target)})},
      {"controlValues", std::move(controls)},
      {"defaultDataMask",
       {{"extraFormData", Json::object()},
        {"filterState", Json::object()},
        {"ownState", Json::object()}}},
      {"cascadeParentIds", Json::array()},
      {"scope", {{"rootPath", {"ROOT_ID"}}, {"excluded", Untouched(assets, dashboard, filter)}}},
      {"description", ""}};
}

Json Metadata(const Assets& assets, const Dashboard& dashboard) {
  Json filters = Json::array();
  for (const auto& filter : dashboard.filters) {
    filters.push_back(FilterDocument(assets, dashboard, filter, filters.size() + 1));
  }
  return {{"color_scheme", "supersetColors"},
          {"cross_filters_enabled", true},
          {"refresh_frequency", dashboard.refresh_s},
          {"timed_refresh_immune_slices", Json::array()},
          {"expanded_slices", Json::object()},
          {"label_colors", Json::object()},
          {"filter_bar_orientation", "HORIZONTAL"},
          {"native_filter_configuration", std::move(filters)}};
}

}  // namespace

Json DashboardDocument(const Assets& assets, const Dashboard& dashboard) {
  return {{"dashboard_title", dashboard.title},
          {"description", dashboard.description},
          {"slug", dashboard.slug},
          {"uuid", DashboardUuid(assets, dashboard)},
          {"published", true},
          {"css", ""},
          {"position", Grid(assets, dashboard).Make()},
          {"metadata", Metadata(assets, dashboard)},
          {"version", "1.0.0"}};
}

}  // namespace sluice
