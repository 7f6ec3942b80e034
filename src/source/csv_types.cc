#include "source/csv_types.h"

#include <charconv>

namespace sluice {
namespace {

size_t CountDigits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

// Steps over JSON's integer part; false when there is none.
bool TakeInteger(std::string_view& text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t digits = CountDigits(text);
  if (digits == 0 || (digits > 1 && text[0] == '0')) return false;
  text.remove_prefix(digits);
  return true;
}

bool TakeDigits(std::string_view& text) {
  const size_t digits = CountDigits(text);
  text.remove_prefix(digits);
  return digits > 0;
}

TypeKind KindOfInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return TypeKind::kString;
  return value >= INT32_MIN && value <= INT32_MAX ? TypeKind::kInt : TypeKind::kLong;
}

TypeKind KindOf(std::string_view text) {
  if (!IsJsonNumber(text)) return TypeKind::kString;
  const bool fraction = text.find_first_of(".eE") != std::string_view::npos;
  return fraction ? TypeKind::kDouble : KindOfInteger(text);
}

}  // namespace

bool IsJsonNumber(std::string_view text) {
  if (!TakeInteger(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!TakeDigits(text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(text)) return false;
  }
  return text.empty();
}

bool IsNanText(std::string_view text) {
  return text == "NaN" || text == "nan" || text == "NAN";
}

void CsvTypes::Add(const std::vector<CsvField>& row) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    Seen& seen = columns_[i];
    if (seen.text || row[i].IsNull() || IsNanText(row[i].text)) continue;
    switch (KindOf(row[i].text)) {
      case TypeKind::kString:
        seen.text = true;
        break;
      case TypeKind::kDouble:
        seen.fraction = seen.number = true;
        break;
      case TypeKind::kLong:
        seen.wide = seen.number = true;
        break;
      default:
        seen.number = true;
        break;
    }
  }
}

std::vector<Field> CsvTypes::Guess(const std::vector<std::string>& header) const {
  std::vector<Field> fields;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Seen& seen = columns_[i];
    TypeKind kind = TypeKind::kInt;
    if (seen.text || !seen.number) {
      kind = TypeKind::kString;
    } else if (seen.fraction) {
      kind = TypeKind::kDouble;
    } else if (seen.wide) {
      kind = TypeKind::kLong;
    }
    fields.push_back({.name = header[i], .type = {.kind = kind}});
  }
  return fields;
}

Result<std::vector<Field>> GuessCsvTypes(const std::string& path, CsvOptions options,
                                         int64_t max_rows) {
  SLUICE_ASSIGN(const auto reader, CsvReader::Open(path, options));
  CsvTypes types(reader->header().size());
  for (int64_t rows = 0; rows < max_rows; ++rows) {
    SLUICE_ASSIGN(const bool found, reader->Next());
    if (!found) break;
    types.Add(reader->row());
  }
  return types.Guess(reader->header());
}

}  // namespace sluice
