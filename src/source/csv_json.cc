#include "source/csv_json.h"

#include <array>

#include "core/text.h"
#include "source/csv_types.h"

namespace sluice {
namespace {

constexpr std::array<bool, 256> kNeedsEscape = [] {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < 0x20; ++c) table[c] = true;
  table['"'] = table['\\'] = table[0x7F] = true;
  return table;
}();

void AppendString(std::string_view text, std::string& out) {
  size_t plain = 0;
  while (plain < text.size() && !kNeedsEscape[static_cast<uint8_t>(text[plain])]) ++plain;
  if (plain < text.size()) {
    out += JsonQuote(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

bool IsTrue(std::string_view text) {
  return text == "true" || text == "True" || text == "TRUE";
}
bool IsFalse(std::string_view text) {
  return text == "false" || text == "False" || text == "FALSE";
}

}  // namespace

CsvJson::CsvJson(const std::vector<Field>& columns) {
  for (const Field& field : columns) {
    Kind kind = Kind::kText;
    switch (field.type.kind) {
      case TypeKind::kInt:
      case TypeKind::kLong:
      case TypeKind::kFloat:
      case TypeKind::kDouble:
      case TypeKind::kDecimal:
        kind = Kind::kNumber;
        break;
      case TypeKind::kBool:
        kind = Kind::kBool;
        break;
      default:
        break;
    }
    columns_.push_back({(columns_.empty() ? "{" : ",") + JsonQuote(field.name) + ":", kind});
  }
}

void CsvJson::Append(const std::vector<CsvField>& row, std::string& out) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const auto& [prefix, kind] = columns_[i];
    const std::string_view text = row[i].text;
    out += prefix;
    if (row[i].IsNull() || (kind == Kind::kNumber && IsNanText(text))) {
      out += "null";
    } else if (kind == Kind::kNumber && IsJsonNumber(text)) {
      out += text;
    } else if (kind == Kind::kBool && (IsTrue(text) || IsFalse(text))) {
      out += IsTrue(text) ? "true" : "false";
    } else {
      AppendString(text, out);
    }
  }
  out += '}';
}

}  // namespace sluice
