#include "config/partition_fault.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/suggest.h"
#include "core/text.h"

namespace sluice {
namespace {

const Field* Find(const std::vector<Field>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

bool IsTime(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampTz;
}

// Says why values of this type cannot be parted so, or nothing.
std::string TypeProblem(const PartitionField& field, const Type& type) {
  const bool date = type.kind == TypeKind::kDate;
  if (field.transform == "hour" && !IsTime(type.kind)) {
    return fmt::format("`hour` needs a timestamp, and `{}` is {}", field.column, Spell(type));
  }
  if (field.transform != "identity" && !IsTime(type.kind) && !date) {
    return fmt::format("`{}` needs a date or a timestamp, and `{}` is {}", field.transform,
                       field.column, Spell(type));
  }
  if (field.transform != "identity") return "";
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kLong:
    case TypeKind::kDecimal:
    case TypeKind::kString:
    case TypeKind::kDate:
      return "";
    default:
      return fmt::format("values of `{}` are too many or too odd for folders ({})", field.column,
                         Spell(type));
  }
}

std::string LineageProblem(std::string_view column) {
  if (column == "_offset") return "each record would get a folder of its own";
  if (column == "_rest" || column == "_headers" || column == "_key") {
    return fmt::format("`{}` is not made for it", column);
  }
  return "";
}

}  // namespace

std::optional<PartitionFault> FaultOf(const PartitionField& field,
                                      const std::vector<Field>* columns) {
  static const std::vector<std::string> transforms{"day", "hour", "month"};
  if (field.transform != "identity" &&
      std::ranges::find(transforms, field.transform) == transforms.end()) {
    const std::string meant = Nearest(LowerAscii(field.transform), transforms);
    return PartitionFault{fmt::format("there is no transform `{}`", EscapeControl(field.transform)),
                          meant.empty() ? "" : fmt::format("{}({})", meant, field.column)};
  }
  if (std::string lineage = LineageProblem(field.column); !lineage.empty())
    return PartitionFault{lineage};
  std::vector<Field> all = LineageFields();
  if (columns != nullptr) all.insert(all.begin(), columns->begin(), columns->end());
  const Field* const found = Find(all, field.column);
  if (found != nullptr) {
    std::string problem = TypeProblem(field, found->type);
    if (problem.empty()) return std::nullopt;
    return PartitionFault{problem,
                          IsTime(found->type.kind) ? fmt::format("day({})", field.column) : ""};
  }
  if (columns == nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& column : all) names.push_back(column.name);
  return PartitionFault{fmt::format("there is no column `{}`", EscapeControl(field.column)),
                        Nearest(field.column, names), true};
}

}  // namespace sluice
