#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "export/json.h"

namespace sluice {

/// Reads one map of a person's settings. Each getter returns the key's value, or nothing (empty, 0,
/// the fallback) when it is absent; what is wrong is kept, and Finish says the first of it: a value
/// of another type, or a key that no getter asked for.
class Settings {
 public:
  /// `place` names the map in messages. A null document is an empty map. `document` outlives this.
  Settings(const Json& document, std::string place);

  std::string Text(std::string_view key);
  int Number(std::string_view key);
  bool Flag(std::string_view key, bool fallback);
  /// A list of text; one text stands for a list of one.
  std::vector<std::string> Texts(std::string_view key);
  /// The member as it is, for a map or list that is read by itself; null when absent.
  const Json& Nested(std::string_view key);

  /// Keeps a fault of a value that only the caller could check.
  void Wrong(std::string_view key, const std::string& why, const std::string& hint = {});
  /// FailsWith kInvalidConfig, the place and the cure.
  Status Finish();
  const std::string& place() const { return place_; }

 private:
  const Json* Find(std::string_view key);

  const Json& document_;
  std::string place_;
  std::vector<std::string> known_;
  Status fault_;
};

}  // namespace sluice
