#include "decode/scalar_reader.h"

#include <limits>

#include "decode/base64.h"
#include "decode/moment.h"

namespace sluice::json {
namespace {

using Special = JsonWalker::Special;

bool IsNumberKind(TypeKind kind) {
  return kind == TypeKind::kInt || kind == TypeKind::kLong || kind == TypeKind::kFloat ||
         kind == TypeKind::kDouble || kind == TypeKind::kDecimal;
}

bool IsTimestampKind(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampTz;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

NumberVerdict SetInteger(Column& column, size_t row, const Number& number) {
  const bool wide = column.kind() == TypeKind::kLong;
  using Narrow = std::numeric_limits<int32_t>;
  using Wide = std::numeric_limits<int64_t>;
  int64_t value = 0;
  const auto verdict = ToInteger(number, wide ? Wide::min() : Narrow::min(),
                                 wide ? Wide::max() : Narrow::max(), &value);
  wide ? column.Set(row, value) : column.Set(row, static_cast<int32_t>(value));
  return verdict;
}

template <typename Float>
NumberVerdict SetFloating(Column& column, size_t row, const Number& number) {
  Float value = 0;
  const auto verdict = ToFloating(number, &value);
  column.Set(row, value);
  return verdict;
}

// DuckDB keeps a decimal in the least of 16, 32, 64 and 128 bits that holds its precision.
NumberVerdict SetDecimal(Column& column, size_t row, const Number& number) {
  const Type& type = column.type();
  Int128 value = 0;
  const auto verdict = ToDecimal(number, type.precision, type.scale, &value);
  if (type.precision <= 4) {
    column.Set(row, static_cast<int16_t>(value));
  } else if (type.precision <= 9) {
    column.Set(row, static_cast<int32_t>(value));
  } else if (type.precision <= 18) {
    column.Set(row, static_cast<int64_t>(value));
  } else {
    column.Set(row, value);
  }
  return verdict;
}

std::string_view ReasonOf(NumberVerdict verdict) {
  switch (verdict) {
    case NumberVerdict::kNotIntegral:
      return "number_not_integral";
    case NumberVerdict::kTooManyPlaces:
      return "decimal_scale";
    case NumberVerdict::kOutOfRange:
      return "number_out_of_range";
    case NumberVerdict::kOk:
      break;
  }
  return {};
}

}  // namespace

bool ScalarReader::ReadAny(Column& column, size_t row) {
  const char first = walker_.Peek();
  switch (column.kind()) {
    case TypeKind::kString:
      if (first == '"') return ReadString(column, row);
      break;
    case TypeKind::kInt:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
      if (IsDigit(first) || (first == '-' && walker_.PeekSecond() != 'I')) {
        return ReadNumber(column, row);
      }
      break;
    case TypeKind::kBool:
      if (first != 't' && first != 'f') break;
      column.Set(row, first == 't');
      return walker_.TakeLiteral(first == 't' ? "true" : "false");
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      if (first == '"') return ReadMoment(column, row);
      break;
    case TypeKind::kBinary:
      if (first == '"') return ReadBinary(column, row);
      break;
    case TypeKind::kStruct:
    case TypeKind::kList:
      break;
  }
  return ReadOther(column, row);
}

bool ScalarReader::TakeText(Text* text) {
  text->bytes = walker_.TakeString();
  if (!walker_.has_escapes() || text->bytes.find('\\') == std::string_view::npos) return true;
  MakeRoom(text->bytes.size());
  size_t size = 0;
  if (!walker_.TakeEscapes(text->bytes, scratch_.data(), &size)) return false;
  *text = {{scratch_.data(), size}, false};
  return true;
}

void ScalarReader::RefuseSize(size_t bytes, size_t position) {
  walker_.Refuse("field_too_large", position, "{} bytes at byte {}; max_field_bytes is {}", bytes,
                 position, options_.max_field_bytes);
}

bool ScalarReader::ReadString(Column& column, size_t row) {
  const size_t position = walker_.position();
  Text text;
  if (!TakeText(&text)) return false;
  SetBytes(column, row, text, position);
  return true;
}

bool ScalarReader::ReadBinary(Column& column, size_t row) {
  const size_t position = walker_.position();
  Text text;
  if (!TakeText(&text)) return false;
  // In place when the text is in the scratch already: no byte is written before it was read.
  MakeRoom(text.bytes.size());
  const auto size = DecodeBase64(text.bytes, scratch_.data());
  if (!size) {
    walker_.Refuse("base64_invalid", position, "no base64 text at byte {}: {}", position,
                   Snippet(walker_.text(), position));
    return true;
  }
  SetBytes(column, row, {{scratch_.data(), *size}, false}, position);
  return true;
}

void ScalarReader::SetNumber(Column& column, size_t row, const Number& number, size_t position) {
  NumberVerdict verdict = NumberVerdict::kOk;
  switch (column.kind()) {
    case TypeKind::kFloat:
      verdict = SetFloating<float>(column, row, number);
      break;
    case TypeKind::kDouble:
      verdict = SetFloating<double>(column, row, number);
      break;
    case TypeKind::kDecimal:
      verdict = SetDecimal(column, row, number);
      break;
    default:
      verdict = SetInteger(column, row, number);
      break;
  }
  if (verdict == NumberVerdict::kOk) return;
  walker_.Refuse(ReasonOf(verdict), position, "{} does not fit {} at byte {}",
                 Snippet(number.text, 0), Spell(column.type()), position);
}

bool ScalarReader::ReadNumber(Column& column, size_t row) {
  const size_t position = walker_.position();
  Number number;
  if (!walker_.TakeNumber(&number)) return false;
  SetNumber(column, row, number, position);
  return true;
}

void ScalarReader::SetNull(Column& column, size_t row, size_t position) {
  if (column.required()) {
    return walker_.Refuse("null_in_required", position, "no value for a required field at byte {}",
                          position);
  }
  column.SetNull(row);
}

bool ScalarReader::ReadSpecial(Column& column, size_t row, Special special, size_t position) {
  const auto policy = special == Special::kNan ? options_.nan : options_.infinity;
  const double value = special == Special::kNan        ? std::numeric_limits<double>::quiet_NaN()
                       : special == Special::kInfinity ? std::numeric_limits<double>::infinity()
                                                       : -std::numeric_limits<double>::infinity();
  if (policy == NumberPolicy::kKeep && column.kind() == TypeKind::kDouble) {
    column.Set(row, value);
    walker_.AddNullEdit(special, position);
  } else if (policy == NumberPolicy::kKeep && column.kind() == TypeKind::kFloat) {
    column.Set(row, static_cast<float>(value));
    walker_.AddNullEdit(special, position);
  } else if (walker_.AllowSpecial(special, position)) {
    SetNull(column, row, position);
  }
  return true;
}

bool ScalarReader::ReadOther(Column& column, size_t row) {
  const size_t position = walker_.position();
  const char first = walker_.Peek();
  if (first == 'n') {
    if (!walker_.TakeLiteral("null")) return false;
    SetNull(column, row, position);
    return true;
  }
  const Special special = walker_.TakeSpecial();
  if (special != Special::kNone) return ReadSpecial(column, row, special, position);
  if ((IsDigit(first) || first == '-') && IsTimestampKind(column.kind())) {
    return ReadEpoch(column, row);
  }
  if (options_.coerce && first == '"') return ReadQuoted(column, row);
  if (options_.coerce && first != '{' && first != '[') return ReadBare(column, row);
  RefuseMismatch(column, position);
  return walker_.SkipValue();
}

void ScalarReader::RefuseMismatch(const Column& column, size_t position) {
  walker_.Refuse("type_mismatch", position, "expected {}, found {} at byte {}",
                 Spell(column.type()), Snippet(walker_.text(), position), position);
}

// A string where a number or a bool belongs, under `coerce`.
bool ScalarReader::ReadQuoted(Column& column, size_t row) {
  const size_t position = walker_.position();
  Text text;
  if (!TakeText(&text)) return false;
  const char* const end = text.bytes.data() + text.bytes.size();
  const char* fault = nullptr;
  Number number;
  if (IsNumberKind(column.kind()) && ScanNumber(text.bytes.data(), end, &number, &fault) == end) {
    SetNumber(column, row, number, position);
  } else if (column.kind() == TypeKind::kBool && (text.bytes == "true" || text.bytes == "false")) {
    column.Set(row, text.bytes == "true");
  } else {
    RefuseMismatch(column, position);
  }
  return true;
}

// A number or a bool where a string belongs, or a number where a bool does, under `coerce`.
bool ScalarReader::ReadBare(Column& column, size_t row) {
  const size_t position = walker_.position();
  if (!walker_.SkipValue()) return false;
  const std::string_view token = walker_.text().substr(position, walker_.EndOfTaken() - position);
  if (column.kind() == TypeKind::kString) {
    SetBytes(column, row, {token}, position);
  } else if (column.kind() == TypeKind::kBool && (token == "0" || token == "1")) {
    column.Set(row, token == "1");
  } else {
    RefuseMismatch(column, position);
  }
  return true;
}

}  // namespace sluice::json
