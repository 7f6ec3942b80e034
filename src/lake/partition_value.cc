#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>

#include "lake/parquet_bounds.h"
#include "lake/partition.h"

namespace sluice {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

bool IsReal(TypeKind kind) {
  return kind == TypeKind::kFloat || kind == TypeKind::kDouble;
}
bool IsText(TypeKind kind) {
  return kind == TypeKind::kString || kind == TypeKind::kBinary;
}

// Bytes of a value of this type; 0 where the length varies.
size_t WidthOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kBool:
      return 1;
    case TypeKind::kInt:
    case TypeKind::kDate:
    case TypeKind::kFloat:
      return 4;
    case TypeKind::kLong:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kDouble:
      return 8;
    default:
      return 0;
  }
}

bool HasWidth(const Type& type, const std::string& bytes) {
  if (type.kind == TypeKind::kDecimal) return !bytes.empty() && bytes.size() <= sizeof(Int128);
  return IsText(type.kind) || bytes.size() == WidthOf(type.kind);
}

template <typename T>
T Load(const std::string& bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

// A decimal's unscaled value: two's complement, the first byte has the sign.
Int128 LoadDecimal(const std::string& bytes) {
  Int128 value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? -1 : 0;
  for (const char byte : bytes) value = value * 256 + static_cast<uint8_t>(byte);
  return value;
}

Int128 LoadInteger(const Type& type, const std::string& bytes) {
  if (type.kind == TypeKind::kDecimal) return LoadDecimal(bytes);
  switch (WidthOf(type.kind)) {
    case 1:
      return Load<uint8_t>(bytes);
    case 4:
      return Load<int32_t>(bytes);
    default:
      return Load<int64_t>(bytes);
  }
}

double LoadReal(const Type& type, const std::string& bytes) {
  return type.kind == TypeKind::kFloat ? Load<float>(bytes) : Load<double>(bytes);
}

// Bytes that Iceberg gives a decimal of this precision in a fixed.
size_t DecimalBytes(uint8_t precision) {
  Int128 largest = 1;
  for (int i = 0; i < precision; ++i) largest *= 10;
  return IntegerBytes(TypeKind::kDecimal, largest - 1).size();
}

std::string SpellDecimal(const Type& type, Int128 value) {
  std::string digits;
  const bool negative = value < 0;
  for (Int128 rest = value; rest != 0; rest /= 10) {
    const auto digit = static_cast<int>(rest % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  while (digits.size() <= type.scale) digits += '0';
  if (type.scale > 0) digits.insert(type.scale, 1, '.');
  if (negative) digits += '-';
  return {digits.rbegin(), digits.rend()};
}

std::string SpellDay(int64_t days) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04d}-{:02d}-{:02d}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

int64_t FloorDivide(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

std::string SpellTime(int64_t micros) {
  const int64_t seconds = FloorDivide(micros, kMicrosPerSecond);
  const int64_t day = FloorDivide(seconds, 86'400);
  const int64_t in_day = seconds - day * 86'400;
  return fmt::format("{}T{:02d}:{:02d}:{:02d}.{:06d}", SpellDay(day), in_day / 3600,
                     in_day / 60 % 60, in_day % 60, micros - seconds * kMicrosPerSecond);
}

}  // namespace

Json PartitionAvroType(const Type& type, int32_t field_id) {
  switch (type.kind) {
    case TypeKind::kBool:
      return "boolean";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kLong:
      return "long";
    case TypeKind::kFloat:
      return "float";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kBinary:
      return "bytes";
    case TypeKind::kDate:
      return {{"type", "int"}, {"logicalType", "date"}};
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return {{"type", "long"},
              {"logicalType", "timestamp-micros"},
              {"adjust-to-utc", type.kind == TypeKind::kTimestampTz}};
    case TypeKind::kDecimal:
      return {{"type", "fixed"},
              {"name", fmt::format("decimal_{}_{}_f{}", type.precision, type.scale, field_id)},
              {"size", DecimalBytes(type.precision)},
              {"logicalType", "decimal"},
              {"precision", type.precision},
              {"scale", type.scale}};
    default:
      return "string";
  }
}

Status EncodePartitionValue(const Type& type, const std::string& bytes, AvroEncoder& out) {
  if (!HasWidth(type, bytes)) {
    return Broken(fmt::format("a partition value has {} bytes, too few or too many for {}",
                              bytes.size(), Spell(type)));
  }
  if (IsText(type.kind)) {
    out.Bytes(bytes);
  } else if (type.kind == TypeKind::kDecimal) {
    const size_t size = DecimalBytes(type.precision);
    if (bytes.size() > size) return Broken("a partition value is too long for its decimal");
    out.Raw(std::string(size - bytes.size(), (bytes[0] & 0x80) != 0 ? '\xFF' : '\0') + bytes);
  } else if (type.kind == TypeKind::kFloat) {
    out.Float(Load<float>(bytes));
  } else if (type.kind == TypeKind::kDouble) {
    out.Double(Load<double>(bytes));
  } else if (type.kind == TypeKind::kBool) {
    out.Bool(bytes[0] != 0);
  } else {
    out.Long(static_cast<int64_t>(LoadInteger(type, bytes)));
  }
  return {};
}

Result<std::optional<std::string>> DecodePartitionValue(const Type& type, const AvroValue& value) {
  if (value.IsNull()) return std::nullopt;
  if (IsText(type.kind) && value.Text() != nullptr) return *value.Text();
  if (IsReal(type.kind) && value.Real() != nullptr) return FloatBytes(type.kind, *value.Real());
  if (type.kind == TypeKind::kBool && value.Bool() != nullptr) {
    return IntegerBytes(type.kind, *value.Bool() ? 1 : 0);
  }
  if (type.kind == TypeKind::kDecimal && value.Text() != nullptr && !value.Text()->empty() &&
      value.Text()->size() <= sizeof(Int128)) {
    return IntegerBytes(type.kind, LoadDecimal(*value.Text()));
  }
  const bool whole = WidthOf(type.kind) >= 4 && !IsReal(type.kind);
  if (whole && value.Int() != nullptr) return IntegerBytes(type.kind, *value.Int());
  return Broken("a partition value is not of its field's type");
}

int CompareValues(const Type& type, const std::string& left, const std::string& right) {
  if (IsText(type.kind)) return left.compare(right);
  if (IsReal(type.kind)) {
    const auto order = std::strong_order(LoadReal(type, left), LoadReal(type, right));
    return order < 0 ? -1 : (order > 0 ? 1 : 0);
  }
  const Int128 a = LoadInteger(type, left);
  const Int128 b = LoadInteger(type, right);
  return a < b ? -1 : (a > b ? 1 : 0);
}

bool IsNan(const Type& type, const std::string& bytes) {
  return IsReal(type.kind) && std::isnan(LoadReal(type, bytes));
}

std::string SpellValue(const Type& type, const std::string& transform, const std::string& bytes) {
  if (!HasWidth(type, bytes)) return "?";
  if (IsText(type.kind)) return bytes;
  if (IsReal(type.kind)) return fmt::format("{}", LoadReal(type, bytes));
  if (type.kind == TypeKind::kDecimal) return SpellDecimal(type, LoadDecimal(bytes));
  const auto number = static_cast<int64_t>(LoadInteger(type, bytes));
  if (type.kind == TypeKind::kBool) return number != 0 ? "true" : "false";
  if (type.kind == TypeKind::kDate) return SpellDay(number);
  if (type.kind == TypeKind::kTimestamp) return SpellTime(number);
  if (type.kind == TypeKind::kTimestampTz) return SpellTime(number) + "Z";
  if (transform == "hour") {
    const int64_t day = FloorDivide(number, 24);
    return fmt::format("{}-{:02d}", SpellDay(day), number - day * 24);
  }
  if (transform == "month") {
    const int64_t year = FloorDivide(number, 12);
    return fmt::format("{:04d}-{:02d}", 1970 + year, number - year * 12 + 1);
  }
  if (transform == "year") return fmt::format("{:04d}", 1970 + number);
  return fmt::format("{}", number);
}

}  // namespace sluice
