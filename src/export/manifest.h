#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "export/json.h"

namespace sluice {

/// What a dbt project says of one column.
struct ModelColumn {
  std::string description;
  bool unique = false;  ///< a test says so
  Json meta;            ///< `meta.superset` of the column; null when absent
};

/// One table or view that dbt makes.
struct Model {
  std::string unique_id;  ///< `model.books_analytics.fact_books`
  std::string name;
  std::string schema;    ///< where it lies in the warehouse
  std::string relation;  ///< its name there
  std::string description;
  std::string file;                            ///< in the project, for messages
  std::map<std::string, ModelColumn> columns;  ///< those that the project describes
  std::vector<std::string> parents;            ///< unique ids
  Json meta;                                   ///< `meta.superset`; null when absent
};

/// A use of models that dbt knows of: here a dashboard.
struct Exposure {
  std::string name;
  std::string label;  ///< falls back to a title made of the name
  std::string description;
  std::string owner;
  std::string file;
  std::vector<std::string> models;  ///< unique ids that it depends on
  Json meta;                        ///< `meta.superset`; null when absent
};

/// What of a manifest.json (v12) matters here: models of the project itself that are in the
/// warehouse, by name; its exposures of type `dashboard`, by name.
struct Manifest {
  std::string project;
  std::vector<Model> models;
  std::vector<Exposure> dashboards;

  /// Returns the model with this unique id or name, null when there is none.
  const Model* Find(std::string_view id_or_name) const;
};

/// Reads dbt's manifest. FailsWith kInvalidConfig when it is none.
Result<Manifest> ReadManifest(std::string_view text);

/// Returns a title for a name: `sales_millions` is `Sales millions`.
std::string TitleOf(std::string_view name);

}  // namespace sluice
