#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Returns what stands between `<name …>` and its end, markup and all; for one that is empty, "".
/// Knows the XML that S3 stores answer with: no name lies within an element of the same name.
std::optional<std::string_view> XmlElement(std::string_view xml, std::string_view name);

/// Returns every such element, in order.
std::vector<std::string_view> XmlElements(std::string_view xml, std::string_view name);

/// Returns an element's text with `&amp;` and its like decoded; "" when it is not there.
std::string XmlText(std::string_view xml, std::string_view name);

}  // namespace sluice
