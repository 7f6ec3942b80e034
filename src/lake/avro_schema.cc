#include "lake/avro_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "lake/json.h"

namespace sluice {
namespace {

using TypePtr = std::shared_ptr<const AvroType>;

constexpr int kMaxDepth = 64;
constexpr int64_t kMaxFixedBytes = 1 << 20;
constexpr std::array<std::pair<std::string_view, AvroKind>, 8> kPrimitives{{
    {"null", AvroKind::kNull},
    {"boolean", AvroKind::kBoolean},
    {"int", AvroKind::kInt},
    {"long", AvroKind::kLong},
    {"float", AvroKind::kFloat},
    {"double", AvroKind::kDouble},
    {"bytes", AvroKind::kBytes},
    {"string", AvroKind::kString},
}};

// Builds the tree; remembers named types by their short name, which is all that Iceberg writes.
class SchemaParser {
 public:
  Result<TypePtr> Parse(const Json& json, int level) {
    if (level > kMaxDepth) return Broken("an Avro schema is nested too deeply");
    if (json.is_string()) return Named(*json.get_ptr<const std::string*>());
    if (json.is_array()) return Union(json, level);
    const Json* type = Member(json, "type");
    if (type == nullptr) return Broken("an Avro schema has a type without a name");
    if (!type->is_string()) return Parse(*type, level + 1);
    return Complex(json, *type->get_ptr<const std::string*>(), level);
  }

 private:
  Result<TypePtr> Named(const std::string& name) {
    for (const auto& [text, kind] : kPrimitives) {
      if (name == text) return std::make_shared<const AvroType>(AvroType{.kind = kind});
    }
    const auto known = named_.find(ShortName(name));
    if (known == named_.end()) {
      return Broken(fmt::format("an Avro schema uses the unknown type `{}`", name));
    }
    return known->second;
  }

  Result<TypePtr> Complex(const Json& json, const std::string& name, int level) {
    if (name == "record") return Record(json, level);
    if (name == "array") return Single(json, AvroKind::kArray, "items", level);
    if (name == "map") return Single(json, AvroKind::kMap, "values", level);
    if (name == "enum") return Remember(json, AvroType{.kind = AvroKind::kEnum});
    if (name != "fixed") return Named(name);
    const int64_t size = IntMember(json, "size").value_or(-1);
    if (size < 0 || size > kMaxFixedBytes) return Broken("an Avro schema has a fixed without size");
    return Remember(json, AvroType{.kind = AvroKind::kFixed, .fixed_bytes = size});
  }

  Result<TypePtr> Record(const Json& json, int level) {
    AvroType record{.kind = AvroKind::kRecord};
    for (const Json& field : ListMember(json, "fields")) {
      const Json* type = Member(field, "type");
      if (type == nullptr) return Broken("an Avro schema has a field without a type");
      SLUICE_TRY(Add(record, *type, level));
      const auto id = IntMember(field, "field-id");
      record.field_ids.push_back(id ? std::optional(static_cast<int32_t>(*id)) : std::nullopt);
    }
    return Remember(json, std::move(record));
  }

  Result<TypePtr> Union(const Json& json, int level) {
    AvroType branches{.kind = AvroKind::kUnion};
    for (const Json& branch : json) SLUICE_TRY(Add(branches, branch, level));
    return Finish(std::move(branches));
  }

  Result<TypePtr> Single(const Json& json, AvroKind kind, const char* key, int level) {
    AvroType type{.kind = kind};
    const Json* child = Member(json, key);
    if (child == nullptr) return Broken(fmt::format("an Avro schema lacks `{}`", key));
    SLUICE_TRY(Add(type, *child, level));
    return Finish(std::move(type));
  }

  Status Add(AvroType& parent, const Json& json, int level) {
    SLUICE_ASSIGN(TypePtr child, Parse(json, level + 1));
    parent.depth = std::max(parent.depth, child->depth + 1);
    parent.children.push_back(std::move(child));
    return {};
  }

  Result<TypePtr> Finish(AvroType type) {
    // A named type may be used below others again and again; its depth adds up.
    if (type.depth > kMaxDepth) return Broken("an Avro schema is nested too deeply");
    return std::make_shared<const AvroType>(std::move(type));
  }

  Result<TypePtr> Remember(const Json& json, AvroType type) {
    SLUICE_ASSIGN(TypePtr done, Finish(std::move(type)));
    if (const auto name = TextMember(json, "name")) named_[ShortName(*name)] = done;
    return done;
  }

  static std::string ShortName(const std::string& name) { return name.substr(name.rfind('.') + 1); }

  std::map<std::string, TypePtr> named_;
};

}  // namespace

Result<TypePtr> ParseAvroSchema(std::string_view json) {
  SLUICE_ASSIGN(const Json schema, ParseJson(json, "an Avro schema"));
  return SchemaParser().Parse(schema, 1);
}

}  // namespace sluice
