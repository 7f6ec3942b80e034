#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "export/assets.h"
#include "export/json.h"
#include "export/manifest.h"

namespace sluice {

/// The datasets of a dashboard by their models' names, as a person writes them.
class ModelNames {
 public:
  /// Both lists outlive this; `datasets` holds those of the models that the warehouse has.
  ModelNames(const std::vector<const Model*>& models, const std::vector<const Dataset*>& datasets);

  /// Returns the dataset of this model; of the only one for ""; null when there is none.
  const Dataset* Find(std::string_view model) const;
  std::vector<std::string> Names() const;

 private:
  std::vector<std::pair<std::string, const Dataset*>> named_;
};

/// Reads `charts:` of an exposure: a list of charts, among them `section: Title` for headings.
/// FailsWith kInvalidConfig naming the chart and the cure.
Result<std::vector<Section>> ReadCharts(const Json& charts, const ModelNames& names,
                                        const std::string& place);

}  // namespace sluice
