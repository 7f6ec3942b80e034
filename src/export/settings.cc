#include "export/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace sluice {

Settings::Settings(const Json& document, std::string place)
    : document_(document), place_(std::move(place)) {
  if (!document.is_object() && !document.is_null()) {
    fault_ = Fail(ErrorKind::kInvalidConfig, fmt::format("{} is not a map of settings", place_),
                  "docs/bi.md lists the keys");
  }
}

const Json* Settings::Find(std::string_view key) {
  known_.emplace_back(key);
  const Json& value = At(document_, key);
  return value.is_null() ? nullptr : &value;
}

std::string Settings::Text(std::string_view key) {
  const Json* const value = Find(key);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  Wrong(key, "is not text");
  return {};
}

int Settings::Number(std::string_view key) {
  const Json* const value = Find(key);
  if (value == nullptr) return 0;
  if (value->is_number_integer() && *value > 0 && *value <= 1'000'000) return value->get<int>();
  Wrong(key, "is not a number from 1 on");
  return 0;
}

bool Settings::Flag(std::string_view key, bool fallback) {
  const Json* const value = Find(key);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  Wrong(key, "is neither true nor false");
  return fallback;
}

std::vector<std::string> Settings::Texts(std::string_view key) {
  const Json* const value = Find(key);
  if (value == nullptr) return {};
  if (value->is_string()) return {value->get<std::string>()};
  std::vector<std::string> texts;
  const bool all_text = value->is_array() && std::ranges::all_of(*value, [&](const Json& item) {
                          if (item.is_string()) texts.push_back(item.get<std::string>());
                          return item.is_string();
                        });
  if (!all_text) Wrong(key, "is not a list of text");
  return texts;
}

const Json& Settings::Nested(std::string_view key) {
  const Json* const value = Find(key);
  static const Json kNothing;
  return value == nullptr ? kNothing : *value;
}

void Settings::Wrong(std::string_view key, const std::string& why, const std::string& hint) {
  if (!fault_) return;
  fault_ = Fail(ErrorKind::kInvalidConfig, fmt::format("{}: `{}` {}", place_, key, why),
                hint.empty() ? "docs/bi.md lists the keys" : hint);
}

Status Settings::Finish() {
  if (!document_.is_object()) return fault_;
  for (const auto& [key, value] : document_.items()) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    const std::string nearest = Nearest(key, known_);
    Wrong(key, "is no key that is known here",
          nearest.empty() ? "known are " + Join(known_, ", ")
                          : fmt::format("did you mean `{}`?", nearest));
  }
  return fault_;
}

}  // namespace sluice
