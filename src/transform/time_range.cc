#include "transform/time_range.h"

#include <fmt/format.h>

#include <algorithm>

#include "stage/calendar.h"
#include "stage/duck.h"

namespace sluice {
namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;

bool HoldsTimes(const Type& type) {
  return type.kind == TypeKind::kDate || type.kind == TypeKind::kTimestamp ||
         type.kind == TypeKind::kTimestampTz ||
         std::ranges::any_of(type.children,
                             [](const Field& child) { return HoldsTimes(child.type); });
}

template <typename T>
const T* DataOf(duckdb_vector vector) {
  return static_cast<const T*>(duckdb_vector_get_data(vector));
}

bool IsOutside(const Type& type, duckdb_vector vector, size_t row);

bool HasOutsideField(const Type& type, duckdb_vector vector, size_t row) {
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (IsOutside(type.children[i].type, duckdb_struct_vector_get_child(vector, i), row)) {
      return true;
    }
  }
  return false;
}

bool HasOutsideElement(const Type& type, duckdb_vector vector, size_t row) {
  const duckdb_list_entry entry = DataOf<duckdb_list_entry>(vector)[row];
  const duckdb_vector elements = duckdb_list_vector_get_child(vector);
  for (size_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (IsOutside(type.children[0].type, elements, i)) return true;
  }
  return false;
}

bool IsOutside(const Type& type, duckdb_vector vector, size_t row) {
  if (!IsValid(duckdb_vector_get_validity(vector), row)) return false;
  switch (type.kind) {
    case TypeKind::kDate: {
      const int32_t day = DataOf<int32_t>(vector)[row];
      return day < kFirstDay || day > kLastDay;
    }
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz: {
      const int64_t micros = DataOf<int64_t>(vector)[row];
      return micros < kFirstDay * kMicrosPerDay || micros >= (kLastDay + 1) * kMicrosPerDay;
    }
    case TypeKind::kStruct:
      return HasOutsideField(type, vector, row);
    case TypeKind::kList:
      return HasOutsideElement(type, vector, row);
    default:
      return false;
  }
}

}  // namespace

TimeRange::TimeRange(const std::vector<Field>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (HoldsTimes(columns[i].type)) columns_.push_back({i, columns[i].name, columns[i].type});
  }
}

void TimeRange::Judge(const Chunk& chunk, std::vector<Reject>& out) const {
  if (columns_.empty()) return;
  const LineageView lineage = LineageOf(chunk);
  for (size_t row = 0; row < chunk.rows(); ++row) {
    const auto column = std::ranges::find_if(columns_, [&](const Column& each) {
      return IsOutside(each.type, chunk.column(each.index), row);
    });
    if (column == columns_.end()) continue;
    out.push_back({RecordId{PartitionId{lineage.partition[row]}, Offset{lineage.offset[row]}},
                   "timestamp_out_of_range", column->name,
                   "the SQL made a date or time that is infinite or outside of the years 1 to "
                   "9999"});
  }
}

}  // namespace sluice
