#include "export/json.h"

namespace sluice {

const Json& At(const Json& document, std::string_view key) {
  static const Json kNothing;
  const auto found = document.find(key);
  return found == document.end() ? kNothing : *found;
}

std::string TextAt(const Json& document, std::string_view key) {
  const Json& value = At(document, key);
  return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace sluice
