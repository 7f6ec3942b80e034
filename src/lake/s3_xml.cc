#include "lake/s3_xml.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace sluice {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};

struct Found {
  std::string_view content;
  size_t end = 0;  // behind the element
};

// The first element of that name from `start` on.
std::optional<Found> Find(std::string_view xml, std::string_view name, size_t start) {
  const std::string closing = "</" + std::string(name) + ">";
  for (size_t at = xml.find('<', start); at != std::string_view::npos; at = xml.find('<', at + 1)) {
    const std::string_view tag = xml.substr(at + 1);
    if (!tag.starts_with(name)) continue;
    const std::string_view rest = tag.substr(name.size());
    if (rest.empty() || std::string_view(" \t\r\n/>").find(rest[0]) == std::string_view::npos) {
      continue;
    }
    const size_t open_end = xml.find('>', at);
    if (open_end == std::string_view::npos) return std::nullopt;
    if (xml[open_end - 1] == '/') return Found{"", open_end + 1};
    const size_t close = xml.find(closing, open_end);
    if (close == std::string_view::npos) return std::nullopt;
    return Found{xml.substr(open_end + 1, close - open_end - 1), close + closing.size()};
  }
  return std::nullopt;
}

void AppendUtf8(std::string& text, uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (code >> 18));
    text += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// `#x4e` or `#78` or `amp`; what is none of these stays as it is.
bool AppendEntity(std::string& text, std::string_view entity) {
  for (const auto& [name, byte] : kEntities) {
    if (entity != name) continue;
    text += byte;
    return true;
  }
  if (!entity.starts_with('#')) return false;
  const bool is_hex = entity.starts_with("#x");
  entity.remove_prefix(is_hex ? 2 : 1);
  uint32_t code = 0;
  const char* const end = entity.data() + entity.size();
  const auto [stop, error] = std::from_chars(entity.data(), end, code, is_hex ? 16 : 10);
  if (error != std::errc{} || stop != end || code > 0x10FFFF) return false;
  AppendUtf8(text, code);
  return true;
}

}  // namespace

std::optional<std::string_view> XmlElement(std::string_view xml, std::string_view name) {
  const auto found = Find(xml, name, 0);
  if (!found) return std::nullopt;
  return found->content;
}

std::vector<std::string_view> XmlElements(std::string_view xml, std::string_view name) {
  std::vector<std::string_view> elements;
  for (auto found = Find(xml, name, 0); found; found = Find(xml, name, found->end)) {
    elements.push_back(found->content);
  }
  return elements;
}

std::string XmlText(std::string_view xml, std::string_view name) {
  const std::string_view raw = XmlElement(xml, name).value_or("");
  std::string text;
  for (size_t at = 0; at < raw.size(); ++at) {
    const size_t end = raw[at] == '&' ? raw.find(';', at) : std::string_view::npos;
    if (end != std::string_view::npos && AppendEntity(text, raw.substr(at + 1, end - at - 1))) {
      at = end;
    } else {
      text += raw[at];
    }
  }
  return text;
}

}  // namespace sluice
