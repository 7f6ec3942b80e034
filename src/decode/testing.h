#pragma once

// What the tests, the fuzzer and the bench of decode share: batches made of texts, rows as text.

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decode/json_decoder.h"
#include "decode/number.h"
#include "stage/chunk.h"
#include "stage/decoder.h"

namespace sluice::json {

inline constexpr LogId kTestLog{7};
inline constexpr PartitionId kTestPartition{3};

/// A batch of values at offsets 0, 1, 2, …
inline RawBatch MakeBatch(const std::vector<std::string>& values) {
  RawBatch batch;
  batch.log = kTestLog;
  batch.arena = std::make_shared<Arena>();
  for (const auto& value : values) {
    Record record{};
    record.partition = kTestPartition;
    record.offset = Offset{static_cast<int64_t>(batch.records.size())};
    record.value = batch.arena->Copy(value);
    batch.records.push_back(std::move(record));
  }
  batch.ranges = {{kTestPartition, Offset{0}, Offset{static_cast<int64_t>(values.size())}}};
  return batch;
}

/// Bytes with everything but printable ASCII as `\xHH`.
inline std::string BytesAsText(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7F)
      text += c;
    else
      text += fmt::format("\\x{:02X}", static_cast<uint8_t>(c));
  }
  return text;
}

inline std::string DecimalAsText(Int128 value, uint8_t scale) {
  std::string digits;
  Uint128 rest = value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
  for (int place = 0; rest != 0 || place <= scale; ++place, rest /= 10) {
    if (place == scale && scale > 0) digits.insert(digits.begin(), '.');
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  return (value < 0 ? "-" : "") + digits;
}

inline std::string MomentAsText(int64_t micros) {
  const int64_t day = 86'400'000'000;
  const int64_t days = micros / day - (micros % day < 0);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const int64_t rest = micros - days * day;
  const std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}", text, rest / 3'600'000'000,
                     rest / 60'000'000 % 60, rest / 1'000'000 % 60, rest % 1'000'000);
}

template <typename T>
const T& At(duckdb_vector vector, size_t row) {
  return static_cast<const T*>(duckdb_vector_get_data(vector))[row];
}

inline std::string DecimalAt(const Type& type, duckdb_vector vector, size_t row) {
  Int128 value = 0;
  if (type.precision <= 4)
    value = At<int16_t>(vector, row);
  else if (type.precision <= 9)
    value = At<int32_t>(vector, row);
  else if (type.precision <= 18)
    value = At<int64_t>(vector, row);
  else
    value = At<Int128>(vector, row);
  return DecimalAsText(value, type.scale);
}

std::string ValueAsText(const Type& type, duckdb_vector vector, size_t row);

inline std::string StructAt(const Type& type, duckdb_vector vector, size_t row) {
  std::string text;
  for (size_t i = 0; i < type.children.size(); ++i) {
    text += (i == 0 ? "{" : ", ") + type.children[i].name + ": " +
            ValueAsText(type.children[i].type, duckdb_struct_vector_get_child(vector, i), row);
  }
  return text + "}";
}

inline std::string ListAt(const Type& type, duckdb_vector vector, size_t row) {
  const auto entry = At<duckdb_list_entry>(vector, row);
  std::string text = "[";
  for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    text += (i == entry.offset ? "" : ", ") +
            ValueAsText(type.children[0].type, duckdb_list_vector_get_child(vector), i);
  }
  return text + "]";
}

/// One value as a person would write it; NULL for none.
inline std::string ValueAsText(const Type& type, duckdb_vector vector, size_t row) {
  if (!IsValid(duckdb_vector_get_validity(vector), row)) return "NULL";
  switch (type.kind) {
    case TypeKind::kBool:
      return At<bool>(vector, row) ? "true" : "false";
    case TypeKind::kInt:
      return fmt::format("{}", At<int32_t>(vector, row));
    case TypeKind::kLong:
      return fmt::format("{}", At<int64_t>(vector, row));
    case TypeKind::kFloat:
      return fmt::format("{}", At<float>(vector, row));
    case TypeKind::kDouble:
      return fmt::format("{}", At<double>(vector, row));
    case TypeKind::kDecimal:
      return DecimalAt(type, vector, row);
    case TypeKind::kString:
    case TypeKind::kBinary:
      return BytesAsText(ViewOf(At<duckdb_string_t>(vector, row)));
    case TypeKind::kDate:
      return MomentAsText(At<int32_t>(vector, row) * int64_t{86'400'000'000}).substr(0, 10);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return MomentAsText(At<int64_t>(vector, row));
    case TypeKind::kStruct:
      return StructAt(type, vector, row);
    case TypeKind::kList:
      return ListAt(type, vector, row);
  }
  return "?";
}

/// What became of one record: `a | b | c` and then ` _rest …` and so on for what is not NULL.
inline std::string RowAsText(const BronzeSpec& spec, const Chunk& chunk, size_t row) {
  const Schema schema = BronzeSchema(spec.columns);
  std::string text;
  for (size_t i = 0; i < spec.columns.size(); ++i) {
    text += (i == 0 ? "" : " | ") + ValueAsText(schema.fields[i].type, chunk.column(i), row);
  }
  for (size_t i = spec.columns.size(); i < schema.fields.size() - 3; ++i) {
    const std::string value = ValueAsText(schema.fields[i].type, chunk.column(i), row);
    if (value != "NULL") text += " | " + schema.fields[i].name + " " + value;
  }
  return text;
}

/// What became of each record, in order: a row's text, `! reason field` or `skipped`.
inline std::vector<std::string> OutcomesAsText(const BronzeSpec& spec, const RawBatch& batch,
                                               const Decoded& decoded) {
  std::vector<std::string> outcomes(batch.records.size());
  for (const auto& chunk : decoded.rows) {
    const LineageView lineage = LineageOf(chunk);
    for (size_t row = 0; row < chunk.rows(); ++row) {
      outcomes.at(static_cast<size_t>(lineage.offset[row])) += RowAsText(spec, chunk, row);
    }
  }
  for (const auto& reject : decoded.rejects) {
    outcomes.at(static_cast<size_t>(reject.id.offset.value)) +=
        "! " + reject.reason + (reject.field.empty() ? "" : " " + BytesAsText(reject.field));
  }
  for (const auto& id : decoded.skipped) {
    outcomes.at(static_cast<size_t>(id.offset.value)) += "skipped";
  }
  return outcomes;
}

}  // namespace sluice::json
