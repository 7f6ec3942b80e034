#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// What a column is to a person who looks at charts; RolesOf decides.
enum class Role {
  kTime,      ///< a date or a time: an axis
  kLoadTime,  ///< when the row came, not when something happened
  kOrdinal,   ///< a number that orders rather than measures: a year, a decade, a rank
  kMeasure,   ///< a number that can be summed or averaged
  kCategory,  ///< text, or a truth value, that many rows share
  kLabel,     ///< text that names one row
  kHidden,    ///< keys, lineage, nested values
};

struct Column {
  std::string name;
  std::string type;  ///< as Superset spells it: `NUMERIC(12, 2)`
  std::string label;
  std::string description{};
  std::string format{};  ///< d3's; empty: Superset's choice
  Role role = Role::kCategory;
};

struct Metric {
  std::string name;
  std::string label;
  std::string sql;
  std::string format{};
  std::string description{};
};

/// A table of the warehouse, or a query over it.
struct Dataset {
  std::string name;    ///< of the table, or a name for the query
  std::string schema;  ///< of the table, or where the query runs
  std::string sql{};   ///< empty: a table
  std::string description{};
  std::vector<Column> columns{};
  std::vector<Metric> metrics{};
  std::string time_column{};

  const Column* FindColumn(std::string_view column) const;
  const Metric* FindMetric(std::string_view metric) const;
};

enum class ChartKind { kNumber, kBar, kLine, kPie, kTreemap, kTable };

/// One chart; which members count depends on its kind.
struct Chart {
  ChartKind kind = ChartKind::kTable;
  std::string title;
  std::string dataset;                 ///< its name
  std::vector<std::string> metrics{};  ///< names; number, pie and treemap take one
  std::string by{};                    ///< the column of the axis, the slices, the boxes
  std::string series{};                ///< bar and line: a column whose values are series
  std::vector<std::string> columns{};  ///< table: those shown
  std::string order_by{};              ///< table: a column
  bool descending = true;              ///< table
  bool bars = true;                    ///< table: bars behind measures
  bool in_order = false;               ///< bar: along the axis instead of the tallest first
  bool horizontal = false;             ///< bar: names are read more easily beside long bars
  int limit = 0;                       ///< rows, bars, slices; 0: the kind's own
  std::string grain{};                 ///< line and bar over time: ISO 8601, `PT1M`, `P1D`
  std::string subtitle{};              ///< number: what stands below it
  std::string note{};                  ///< description, shown behind an icon
  int width = 0;                       ///< columns of twelve; 0: the kind's own
  int height = 0;                      ///< in Superset's units of 8 px; 0: the kind's own
};

struct Section {
  std::string title{};  ///< empty: no heading
  std::vector<Chart> charts{};
};

/// A choice above a dashboard: values of a column, or a range of time.
struct Filter {
  std::string title;
  std::string dataset{};  ///< empty: a range of time
  std::string column{};
};

struct Dashboard {
  std::string name;  ///< decides its UUID and those of its charts
  std::string title;
  std::string slug;
  std::string description{};
  std::vector<Section> sections{};
  std::vector<Filter> filters{};
  int refresh_s = 0;  ///< asks again by itself; 0: does not
};

/// All that one bundle holds. Names of datasets are unique.
struct Assets {
  std::string database;      ///< its name in Superset
  std::string database_uri;  ///< SQLAlchemy's, password masked
  std::vector<Dataset> datasets{};
  std::vector<Dashboard> dashboards{};

  const Dataset* Find(std::string_view dataset) const;
};

}  // namespace sluice
