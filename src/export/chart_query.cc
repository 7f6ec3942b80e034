#include "export/chart_query.h"

#include <utility>

namespace sluice {
namespace {

constexpr int kBars = 20;
constexpr int kAxisRows = 10'000;
constexpr int kSlices = 12;
constexpr int kBoxes = 50;
constexpr int kTableRows = 500;
constexpr const char* kColours = "supersetColors";

int LimitOr(const Chart& chart, int usual) {
  return chart.limit > 0 ? chart.limit : usual;
}

bool IsTime(const Dataset& dataset, const std::string& name) {
  const Column* const column = dataset.FindColumn(name);
  return column != nullptr && (column->role == Role::kTime || column->role == Role::kLoadTime);
}

std::string FormatOf(const Dataset& dataset, const std::string& metric) {
  const Metric* const found = dataset.FindMetric(metric);
  return found == nullptr || found->format.empty() ? "SMART_NUMBER" : found->format;
}

// What every chart has. The range of time is what a dashboard's filter of time takes hold of.
ChartQuery Begin(std::string viz_type, const Dataset& dataset) {
  ChartQuery made{.viz_type = std::move(viz_type), .params = Json::object(), .query = {}};
  made.params["viz_type"] = made.viz_type;
  made.params["adhoc_filters"] = Json::array();
  Json filters = Json::array();
  if (!dataset.time_column.empty()) {
    made.params["adhoc_filters"].push_back({{"clause", "WHERE"},
                                            {"subject", dataset.time_column},
                                            {"operator", "TEMPORAL_RANGE"},
                                            {"comparator", "No filter"},
                                            {"expressionType", "SIMPLE"}});
    filters.push_back(
        {{"col", dataset.time_column}, {"op", "TEMPORAL_RANGE"}, {"val", "No filter"}});
  }
  made.query = {{"filters", std::move(filters)}, {"extras", {{"having", ""}, {"where", ""}}},
                {"columns", Json::array()},      {"metrics", Json::array()},
                {"orderby", Json::array()},      {"row_limit", 0}};
  return made;
}

void SetLimit(ChartQuery& made, int limit) {
  made.params["row_limit"] = limit;
  made.query["row_limit"] = limit;
}

Json OrderBy(const std::string& what, bool ascending) {
  return Json::array({Json::array({what, ascending})});
}

ChartQuery Number(const Chart& chart, const Dataset& dataset) {
  ChartQuery made = Begin("big_number_total", dataset);
  const std::string& metric = chart.metrics.at(0);
  made.params.update(Json{{"metric", metric},
                          {"y_axis_format", FormatOf(dataset, metric)},
                          {"time_format", "smart_date"},
                          {"subtitle", chart.subtitle},
                          {"header_font_size", 0.5},
                          {"subtitle_font_size", 0.2}});
  made.query["metrics"] = {metric};
  made.query["row_limit"] = 1;
  return made;
}

// The column of an axis, in the form that lets Superset cut times into grains.
Json BaseAxis(const Chart& chart, bool is_time) {
  Json axis{{"columnType", "BASE_AXIS"},
            {"sqlExpression", chart.by},
            {"label", chart.by},
            {"expressionType", "SQL"}};
  if (is_time) axis["timeGrain"] = chart.grain.empty() ? "P1D" : chart.grain;
  return axis;
}

void AddAxes(ChartQuery& made, const Chart& chart, const Dataset& dataset, bool is_time) {
  const bool many = !chart.series.empty() || chart.metrics.size() > 1;
  made.params.update(Json{{"x_axis", chart.by},
                          {"metrics", chart.metrics},
                          {"groupby", Json::array()},
                          {"order_desc", true},
                          {"truncate_metric", true},
                          {"show_empty_columns", true},
                          {"color_scheme", kColours},
                          {"show_legend", many},
                          {"legendOrientation", "top"},
                          {"rich_tooltip", true},
                          {"x_axis_time_format", "smart_date"},
                          {"tooltipTimeFormat", "smart_date"},
                          {"y_axis_format", FormatOf(dataset, chart.metrics.at(0))},
                          {"y_axis_bounds", {nullptr, nullptr}}});
  made.query["columns"] = Json::array({BaseAxis(chart, is_time)});
  if (is_time) made.params["time_grain_sqla"] = chart.grain.empty() ? "P1D" : chart.grain;
  if (!chart.series.empty()) {
    made.params["groupby"] = {chart.series};
    made.query["columns"].push_back(chart.series);
    made.query["series_columns"] = {chart.series};
  }
  made.query["metrics"] = chart.metrics;
}

ChartQuery Bar(const Chart& chart, const Dataset& dataset) {
  ChartQuery made = Begin("echarts_timeseries_bar", dataset);
  const bool is_time = IsTime(dataset, chart.by);
  const bool in_order = chart.in_order || is_time;
  AddAxes(made, chart, dataset, is_time);
  made.params["orientation"] = chart.horizontal ? "horizontal" : "vertical";
  if (!is_time) made.params["xAxisForceCategorical"] = true;
  if (!is_time) made.params["x_axis_sort"] = in_order ? chart.by : chart.metrics.at(0);
  // Superset draws the first of a horizontal chart at the bottom.
  made.params["x_axis_sort_asc"] = in_order != chart.horizontal;
  if (!chart.series.empty()) made.params["stack"] = "Stack";
  if (chart.horizontal) made.params["show_value"] = true;
  made.query["orderby"] = OrderBy(chart.metrics.at(0), false);
  SetLimit(made, LimitOr(chart, in_order ? kAxisRows : kBars));
  return made;
}

ChartQuery Line(const Chart& chart, const Dataset& dataset) {
  ChartQuery made = Begin("echarts_timeseries_line", dataset);
  AddAxes(made, chart, dataset, IsTime(dataset, chart.by));
  made.params.update(Json{{"markerEnabled", true}, {"markerSize", 4}, {"seriesType", "line"}});
  made.query["orderby"] = OrderBy(chart.metrics.at(0), false);
  SetLimit(made, LimitOr(chart, kAxisRows));
  return made;
}

void AddParts(ChartQuery& made, const Chart& chart, const Dataset& dataset, int usual_limit) {
  const std::string& metric = chart.metrics.at(0);
  made.params.update(Json{{"groupby", {chart.by}},
                          {"metric", metric},
                          {"sort_by_metric", true},
                          {"color_scheme", kColours},
                          {"number_format", FormatOf(dataset, metric)},
                          {"date_format", "smart_date"}});
  made.query["columns"] = {chart.by};
  made.query["metrics"] = {metric};
  made.query["orderby"] = OrderBy(metric, false);
  SetLimit(made, LimitOr(chart, usual_limit));
}

ChartQuery Pie(const Chart& chart, const Dataset& dataset) {
  ChartQuery made = Begin("pie", dataset);
  AddParts(made, chart, dataset, kSlices);
  made.params.update(Json{{"donut", true},
                          {"innerRadius", 45},
                          {"outerRadius", 72},
                          {"show_labels", true},
                          {"labels_outside", true},
                          {"label_line", true},
                          {"label_type", "key_percent"},
                          {"show_labels_threshold", 4},
                          {"show_legend", true},
                          {"legendType", "scroll"},
                          {"legendOrientation", "bottom"}});
  return made;
}

ChartQuery Treemap(const Chart& chart, const Dataset& dataset) {
  ChartQuery made = Begin("treemap_v2", dataset);
  AddParts(made, chart, dataset, kBoxes);
  made.params.update(
      Json{{"show_labels", true}, {"show_upper_labels", false}, {"label_type", "key_value"}});
  return made;
}

// Bars inside cells compare what can be compared: a year is no quantity.
Json ColumnConfig(const Chart& chart, const Dataset& dataset) {
  Json config = Json::object();
  for (const auto& name : chart.columns) {
    const Column* const column = dataset.FindColumn(name);
    if (column == nullptr || column->format.empty()) continue;
    config[name] = {{"d3NumberFormat", column->format},
                    {"showCellBars", chart.bars && column->role == Role::kMeasure}};
  }
  for (const auto& name : chart.metrics) {
    config[name] = {{"d3NumberFormat", FormatOf(dataset, name)}};
  }
  return config;
}

ChartQuery Table(const Chart& chart, const Dataset& dataset) {
  ChartQuery made = Begin("table", dataset);
  const bool raw = chart.metrics.empty();
  made.params.update(Json{{"query_mode", raw ? "raw" : "aggregate"},
                          {"all_columns", raw ? Json(chart.columns) : Json::array()},
                          {"groupby", raw ? Json::array() : Json(chart.columns)},
                          {"metrics", chart.metrics},
                          {"order_desc", chart.descending},
                          {"order_by_cols", Json::array()},
                          {"table_timestamp_format", "smart_date"},
                          {"include_search", true},
                          {"page_length", 20},
                          {"show_cell_bars", chart.bars},
                          {"column_config", ColumnConfig(chart, dataset)}});
  made.query["columns"] = chart.columns;
  if (!raw) made.query["metrics"] = chart.metrics;
  const std::string order = raw ? chart.order_by : chart.metrics.at(0);
  if (!order.empty()) made.query["orderby"] = OrderBy(order, !chart.descending);
  if (raw && !order.empty()) {
    made.params["order_by_cols"] = {Json::array({order, !chart.descending}).dump()};
  }
  SetLimit(made, LimitOr(chart, kTableRows));
  return made;
}

}  // namespace

ChartQuery ChartQueryOf(const Chart& chart, const Dataset& dataset) {
  switch (chart.kind) {
    case ChartKind::kNumber:
      return Number(chart, dataset);
    case ChartKind::kBar:
      return Bar(chart, dataset);
    case ChartKind::kLine:
      return Line(chart, dataset);
    case ChartKind::kPie:
      return Pie(chart, dataset);
    case ChartKind::kTreemap:
      return Treemap(chart, dataset);
    case ChartKind::kTable:
      return Table(chart, dataset);
  }
  return {};
}

}  // namespace sluice
