#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

using MetricLabels = std::vector<std::pair<std::string_view, std::string>>;

/// Writes Prometheus' text format, family after family.
class MetricText {
 public:
  /// `common` stands on every sample.
  explicit MetricText(MetricLabels common) : common_(std::move(common)) {}

  /// Begins a family: all its samples follow. `type` is counter or gauge.
  void Family(std::string_view name, std::string_view type, std::string_view help);
  void Sample(int64_t value, const MetricLabels& labels = {});
  void Sample(double value, const MetricLabels& labels = {});

  std::string Take() { return std::move(text_); }

 private:
  void Begin(const MetricLabels& labels);

  MetricLabels common_;
  std::string name_;
  std::string text_;
};

}  // namespace sluice
