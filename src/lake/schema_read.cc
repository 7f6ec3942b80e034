#include "lake/schema_read.h"

#include <fmt/format.h>

#include <map>

#include "lake/schema_json.h"

namespace sluice {
namespace {

bool IsNested(const Json& type, const char* kind) {
  return TextMember(type, "type") == kind;
}

Result<IcebergField> ReadField(const Json& json);

// Fills in the type and what is nested in it.
Status ReadType(const Json& json, IcebergField& field) {
  if (IsNested(json, "struct")) {
    field.type.kind = TypeKind::kStruct;
    for (const Json& child : ListMember(json, "fields")) {
      SLUICE_ASSIGN(IcebergField read, ReadField(child));
      field.type.children.push_back({read.name, read.type, read.required, {}});
      field.children.push_back(std::move(read));
    }
    return {};
  }
  if (IsNested(json, "list")) {
    IcebergField element{.id = static_cast<int32_t>(IntMember(json, "element-id").value_or(0)),
                         .name = "element",
                         .type = {},
                         .required = json.value("element-required", Json(false)) == Json(true)};
    SLUICE_TRY(ReadType(json.value("element", Json()), element));
    field.type = {.kind = TypeKind::kList, .children = {Field{"element", element.type, false, {}}}};
    field.children = {std::move(element)};
    return {};
  }
  auto primitive = ReadPrimitive(json);
  if (!primitive) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the column `{}` has the type {}, which sluice does not write",
                            field.name, SpellJson(json)),
                "compact this table with the engine that made the column");
  }
  field.type = *std::move(primitive);
  return {};
}

Result<IcebergField> ReadField(const Json& json) {
  IcebergField field{.id = static_cast<int32_t>(IntMember(json, "id").value_or(0)),
                     .name = TextMember(json, "name").value_or(""),
                     .type = {},
                     .required = json.value("required", Json(false)) == Json(true),
                     .doc = TextMember(json, "doc").value_or("")};
  SLUICE_TRY(ReadType(json.value("type", Json()), field));
  return field;
}

using Names = std::map<std::pair<int64_t, std::string>, int64_t>;  // parent and name → id
using Ids = std::map<int64_t, std::string>;

bool NoteNested(const Json& type, int64_t parent, Names& names, Ids& ids) {
  if (IsNested(type, "list")) return NoteNested(type.value("element", Json()), parent, names, ids);
  if (!IsNested(type, "struct")) return true;
  for (const Json& field : ListMember(type, "fields")) {
    const int64_t id = IntMember(field, "id").value_or(0);
    const std::string name = TextMember(field, "name").value_or("");
    const bool same = names.try_emplace({parent, name}, id).first->second == id &&
                      ids.try_emplace(id, name).first->second == name;
    if (!same || !NoteNested(field.value("type", Json()), id, names, ids)) return false;
  }
  return true;
}

}  // namespace

Result<IcebergSchema> ReadSchema(const Json& schema) {
  IcebergSchema read{.schema_id = static_cast<int32_t>(IntMember(schema, "schema-id").value_or(0)),
                     .fields = {}};
  for (const Json& json : ListMember(schema, "fields")) {
    SLUICE_ASSIGN(IcebergField field, ReadField(json));
    read.fields.push_back(std::move(field));
  }
  return read;
}

Status CheckNestedNames(const Json& schemas) {
  Names names;
  Ids ids;
  for (const Json& schema : schemas) {
    for (const Json& field : ListMember(schema, "fields")) {
      const int64_t id = IntMember(field, "id").value_or(0);
      if (NoteNested(field.value("type", Json()), id, names, ids)) continue;
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("a field inside the column `{}` was renamed, or replaced by another",
                              TextMember(field, "name").value_or("")),
                  "compact this table with the engine that renamed it");
    }
  }
  return {};
}

}  // namespace sluice
