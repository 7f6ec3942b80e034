#pragma once

#include <cstdint>
#include <string>

#include "config/spec.h"

namespace sluice {

struct RuleOptions {
  int64_t lag_records = 100'000;   ///< of one sink over all partitions
  double quarantine_share = 0.01;  ///< of the records of 15 minutes
};

/// Returns an alert rules file for Prometheus over what `/metrics` of this pipeline's runs says.
std::string PrometheusRules(const Spec& spec, const RuleOptions& options);

}  // namespace sluice
