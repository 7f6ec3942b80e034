#include "stage/sql.h"

#include <charconv>

namespace sluice {
namespace {

template <typename Number>
Number NumberOf(const SqlValue& value) {
  Number number{};
  // The server wrote it: what is no number does not occur in a column of numbers.
  if (value) std::from_chars(value->data(), value->data() + value->size(), number);
  return number;
}

}  // namespace

int64_t IntegerOf(const SqlValue& value) {
  return NumberOf<int64_t>(value);
}
double DoubleOf(const SqlValue& value) {
  return NumberOf<double>(value);
}

SqlValue TextOf(int64_t number) {
  return std::to_string(number);
}

SqlValue ArrayOf(std::span<const std::string> items) {
  std::string text = "{";
  for (const std::string& item : items) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

SqlValue ArrayOf(std::span<const int64_t> items) {
  std::string text = "{";
  for (const int64_t item : items) {
    if (text.size() > 1) text += ',';
    text += std::to_string(item);
  }
  return text + "}";
}

}  // namespace sluice
