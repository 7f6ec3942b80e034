#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// The variables that a pipeline file may name: a copy, so that nothing changes while it is read.
class Environment {
 public:
  /// Copies the variables of this process.
  static Environment OfProcess();

  explicit Environment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}

  /// Returns the value, which may be empty; nothing when the variable is not defined.
  std::optional<std::string> Get(const std::string& name) const;
  std::vector<std::string> Names() const;

 private:
  std::map<std::string, std::string> variables_;
};

}  // namespace sluice
