#include "lake/schema_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice {
namespace {

constexpr std::array<std::pair<TypeKind, const char*>, 10> kNames{{
    {TypeKind::kBool, "boolean"},
    {TypeKind::kInt, "int"},
    {TypeKind::kLong, "long"},
    {TypeKind::kFloat, "float"},
    {TypeKind::kDouble, "double"},
    {TypeKind::kString, "string"},
    {TypeKind::kBinary, "binary"},
    {TypeKind::kDate, "date"},
    {TypeKind::kTimestamp, "timestamp"},
    {TypeKind::kTimestampTz, "timestamptz"},
}};

Json FieldJson(const IcebergField& field);

Json TypeJson(const Type& type, const std::vector<IcebergField>& children) {
  if (type.kind == TypeKind::kList) {
    const IcebergField& element = children.at(0);
    return {{"type", "list"},
            {"element-id", element.id},
            {"element", TypeJson(element.type, element.children)},
            {"element-required", element.required}};
  }
  if (type.kind != TypeKind::kStruct) return PrimitiveJson(type);
  Json fields = Json::array();
  for (const IcebergField& child : children) fields.push_back(FieldJson(child));
  return {{"type", "struct"}, {"fields", std::move(fields)}};
}

Json FieldJson(const IcebergField& field) {
  Json json{{"id", field.id},
            {"name", field.name},
            {"required", field.required},
            {"type", TypeJson(field.type, field.children)}};
  if (!field.doc.empty()) json["doc"] = field.doc;
  return json;
}

bool IsNested(const Json& type, const char* kind) {
  return TextMember(type, "type") == kind;
}

// The recursive part of MatchSchema; collects into one SchemaMatch.
class Matcher {
 public:
  Matcher(SchemaMatch& match, bool is_new) : match_(match), is_new_(is_new) {}

  std::vector<IcebergField> Fields(Json& have, const std::vector<Field>& wanted,
                                   const std::string& path) {
    const Json before = have;
    std::vector<IcebergField> fields;
    std::vector<const Field*> added;
    for (const Field& want : wanted) {
      const auto found = std::find_if(have.begin(), have.end(), [&](const Json& field) {
        return TextMember(field, "name") == want.name;
      });
      if (found != have.end()) {
        fields.push_back(Known(*found, want, path + want.name));
        continue;
      }
      fields.push_back(New(want, is_new_));
      have.push_back(FieldJson(fields.back()));
      added.push_back(&want);
      if (!is_new_) match_.added.push_back(path + want.name + ": " + Spell(want.type));
    }
    for (const Json& field : before) Leftover(field, wanted, added, path);
    return fields;
  }

 private:
  IcebergField Known(Json& have, const Field& want, const std::string& path) {
    IcebergField field{.id = static_cast<int32_t>(IntMember(have, "id").value_or(0)),
                       .name = want.name,
                       .type = want.type,
                       .required = have.value("required", Json(false)) == Json(true),
                       .doc = want.comment};
    if (field.required && !want.required) {
      Differ("column `{}` must not be null in the table, but may be in the pipeline", path);
    }
    field.children = KnownType(have["type"], want.type, path);
    return field;
  }

  std::vector<IcebergField> KnownType(Json& have, const Type& want, const std::string& path) {
    if (want.kind == TypeKind::kStruct && IsNested(have, "struct") && have["fields"].is_array()) {
      return Fields(have["fields"], want.children, path + ".");
    }
    if (want.kind == TypeKind::kList && IsNested(have, "list")) {
      IcebergField element{.id = static_cast<int32_t>(IntMember(have, "element-id").value_or(0)),
                           .name = "element",
                           .type = want.children.at(0).type,
                           .required = have.value("element-required", Json(false)) == Json(true)};
      element.children = KnownType(have["element"], element.type, path + ".element");
      return {std::move(element)};
    }
    if (ReadPrimitive(have) != want) {
      Differ("column `{}` is {} in the table, but {} in the pipeline", path, SpellJson(have),
             Spell(want));
    }
    return {};
  }

  IcebergField New(const Field& want, bool keep_required) {
    IcebergField field{.id = ++match_.last_column_id,
                       .name = want.name,
                       .type = want.type,
                       .required = want.required && keep_required,
                       .doc = want.comment};
    for (const Field& child : want.type.children) field.children.push_back(New(child, true));
    return field;
  }

  // A table's column that the pipeline lacks.
  void Leftover(const Json& have, const std::vector<Field>& wanted,
                const std::vector<const Field*>& added, const std::string& path) {
    const std::string name = TextMember(have, "name").value_or("");
    if (std::any_of(wanted.begin(), wanted.end(), [&](const Field& f) { return f.name == name; })) {
      return;
    }
    if (have.value("required", Json(false)) == Json(true)) {
      Differ("column `{}{}` must not be null in the table, but is not in the pipeline", path, name);
    }
    for (const Field* field : added) {
      if (Spell(field->type) != SpellJson(have.value("type", Json()))) continue;
      Differ("column `{0}{1}` is in the table, but not in the pipeline, where `{0}{2}` is new",
             path, name, field->name);
    }
  }

  template <typename... Args>
  void Differ(fmt::format_string<Args...> text, Args&&... args) {
    match_.differences.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  SchemaMatch& match_;
  bool is_new_;
};

Status CheckType(const Json& type) {
  if (type.is_string()) return {};
  if (IsNested(type, "list")) {
    SLUICE_TRY(NeedInt(type, "element-id"));
    return CheckType(type.value("element", Json()));
  }
  if (IsNested(type, "map")) {
    SLUICE_TRY(NeedInt(type, "key-id"));
    SLUICE_TRY(NeedInt(type, "value-id"));
    SLUICE_TRY(CheckType(type.value("key", Json())));
    return CheckType(type.value("value", Json()));
  }
  if (!IsNested(type, "struct") || !type.value("fields", Json()).is_array()) {
    return Broken("a table schema has a field without a type");
  }
  for (const Json& field : type["fields"]) {
    SLUICE_TRY(NeedInt(field, "id"));
    SLUICE_TRY(NeedText(field, "name"));
    SLUICE_TRY(CheckType(field.value("type", Json())));
  }
  return {};
}

std::string SpellFields(const Json& fields) {
  std::string text;
  for (const Json& field : fields) {
    if (!text.empty()) text += ", ";
    text += TextMember(field, "name").value_or("?") + ": " + SpellJson(field.value("type", Json()));
  }
  return text;
}

}  // namespace

Json PrimitiveJson(const Type& type) {
  if (type.kind == TypeKind::kDecimal) {
    return fmt::format("decimal({}, {})", type.precision, type.scale);
  }
  const auto known = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const auto& entry) { return entry.first == type.kind; });
  return known == kNames.end() ? Json() : Json(known->second);
}

std::optional<Type> ReadPrimitive(const Json& json) {
  const auto* text = json.get_ptr<const std::string*>();
  if (text == nullptr) return std::nullopt;
  for (const auto& [kind, name] : kNames) {
    if (*text == name) return Type{.kind = kind};
  }
  if (!text->starts_with("decimal")) return std::nullopt;
  auto decimal = ParseType(*text);
  return decimal ? std::optional(*std::move(decimal)) : std::nullopt;
}

Json SchemaJson(const IcebergSchema& schema) {
  Json fields = Json::array();
  for (const IcebergField& field : schema.fields) fields.push_back(FieldJson(field));
  return {{"type", "struct"}, {"schema-id", schema.schema_id}, {"fields", std::move(fields)}};
}

Status CheckSchemaJson(const Json& schema) {
  if (!IntMember(schema, "schema-id")) return Broken("a table schema has no id");
  return CheckType(schema);
}

const Json* FindField(const Json& fields, int64_t id) {
  for (const Json& field : fields) {
    if (IntMember(field, "id") == id) return &field;
    const Json* type = Member(field, "type");
    if (type == nullptr || !IsNested(*type, "struct")) continue;
    if (const Json* inner = FindField(ListMember(*type, "fields"), id)) return inner;
  }
  return nullptr;
}

std::string SpellJson(const Json& type) {
  if (const auto primitive = ReadPrimitive(type)) return Spell(*primitive);
  if (type.is_string()) return *type.get_ptr<const std::string*>();
  if (IsNested(type, "struct")) return "struct<" + SpellFields(ListMember(type, "fields")) + ">";
  if (IsNested(type, "list")) return "list<" + SpellJson(type.value("element", Json())) + ">";
  if (!IsNested(type, "map")) return "unknown";
  return "map<" + SpellJson(type.value("key", Json())) + ", " +
         SpellJson(type.value("value", Json())) + ">";
}

SchemaMatch MatchSchema(const Json& table_fields, const std::vector<Field>& wanted,
                        int32_t last_column_id) {
  SchemaMatch match{.table_fields = table_fields, .last_column_id = last_column_id};
  match.fields =
      Matcher(match, table_fields.empty()).Fields(match.table_fields, wanted, /*path=*/"");
  return match;
}

}  // namespace sluice
