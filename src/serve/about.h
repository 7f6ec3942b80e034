#pragma once

#include <string>
#include <vector>

#include "config/spec.h"

namespace sluice {

/// What does not change during a run.
struct About {
  std::string version;
  std::string pipeline;
  std::string topic;
  std::string bronze;                  ///< `raw.books`
  std::vector<std::string> silver;     ///< `processed.books`
  std::vector<std::string> warehouse;  ///< `public.books_silver`
  std::string gold;                    ///< the dbt project's name; empty: none

  static About Of(const Spec& spec, std::string version);
};

}  // namespace sluice
