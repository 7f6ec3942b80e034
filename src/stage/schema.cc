#include "stage/schema.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace sluice {
namespace {

constexpr std::array<std::pair<std::string_view, TypeKind>, 10> kSimpleTypes{{
    {"bool", TypeKind::kBool},
    {"int", TypeKind::kInt},
    {"long", TypeKind::kLong},
    {"float", TypeKind::kFloat},
    {"double", TypeKind::kDouble},
    {"string", TypeKind::kString},
    {"binary", TypeKind::kBinary},
    {"date", TypeKind::kDate},
    {"timestamp", TypeKind::kTimestamp},
    {"timestamptz", TypeKind::kTimestampTz},
}};
constexpr int kMaxNesting = 32;

// Recursive descent over a type's text; `at_` is the next byte.
class TypeParser {
 public:
  explicit TypeParser(std::string_view text) : text_(text) {}

  Result<Type> ParseAll() {
    SLUICE_ASSIGN(Type type, ParseOne(0));
    SkipBlanks();
    if (at_ != text_.size()) return Unknown();
    return type;
  }

 private:
  Result<Type> ParseOne(int depth) {
    if (depth > kMaxNesting) return Unknown();
    const std::string_view word = Word();
    for (const auto& [name, kind] : kSimpleTypes) {
      if (word == name) return Type{.kind = kind};
    }
    if (word == "decimal") return ParseDecimal();
    if (word == "list") return ParseList(depth);
    if (word == "struct") return ParseStruct(depth);
    return Unknown();
  }

  Result<Type> ParseDecimal() {
    if (!Take('(')) return Unknown();
    const int precision = Number();
    const bool comma = Take(',');
    const int scale = comma ? Number() : 0;
    if (!Take(')') || precision < 1 || precision > 38 || scale < 0 || scale > precision) {
      return Unknown();
    }
    return Type{.kind = TypeKind::kDecimal,
                .precision = static_cast<uint8_t>(precision),
                .scale = static_cast<uint8_t>(scale)};
  }

  Result<Type> ParseList(int depth) {
    if (!Take('<')) return Unknown();
    SLUICE_ASSIGN(Type element, ParseOne(depth + 1));
    if (!Take('>')) return Unknown();
    return Type{.kind = TypeKind::kList, .children = {Field{"element", std::move(element)}}};
  }

  Result<Type> ParseStruct(int depth) {
    if (!Take('<')) return Unknown();
    Type type{.kind = TypeKind::kStruct};
    do {
      const std::string_view name = FieldName();
      if (name.empty()) return Unknown();
      SLUICE_ASSIGN(Type child, ParseOne(depth + 1));
      for (const auto& other : type.children) {
        if (other.name == name) return Unknown();
      }
      type.children.push_back(Field{std::string(name), std::move(child)});
    } while (Take(','));
    if (!Take('>')) return Unknown();
    return type;
  }

  std::unexpected<Error> Unknown() const {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("unknown type `{}`", text_),
                "types are bool, int, long, float, double, decimal(p,s), string, binary, date, "
                "timestamp, timestamptz, list<…> and struct<name: …>");
  }

  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
  }
  bool Take(char wanted) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::string_view Word() {
    SkipBlanks();
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= 'a' && text_[at_] <= 'z') ++at_;
    return text_.substr(start, at_ - start);
  }
  int Number() {
    SkipBlanks();
    int number = -1;
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (error != std::errc{}) return -1;
    at_ = static_cast<size_t>(end - text_.data());
    return number;
  }
  // A struct field's name up to its colon, blanks around it cut.
  std::string_view FieldName() {
    SkipBlanks();
    const size_t colon = text_.find(':', at_);
    if (colon == std::string_view::npos) return {};
    std::string_view name = text_.substr(at_, colon - at_);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    at_ = colon + 1;
    return name;
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::vector<Field> WithLineage(std::vector<Field> fields) {
  fields.insert(fields.end(), LineageFields().begin(), LineageFields().end());
  return fields;
}

}  // namespace

std::string Spell(const Type& type) {
  for (const auto& [name, kind] : kSimpleTypes) {
    if (type.kind == kind) return std::string(name);
  }
  if (type.kind == TypeKind::kDecimal)
    return fmt::format("decimal({},{})", type.precision, type.scale);
  if (type.kind == TypeKind::kList) return fmt::format("list<{}>", Spell(type.children.at(0).type));
  std::string text = "struct<";
  for (const auto& child : type.children) {
    if (text.back() != '<') text += ", ";
    text += child.name + ": " + Spell(child.type);
  }
  return text + ">";
}

Result<Type> ParseType(std::string_view text) {
  return TypeParser(text).ParseAll();
}

const std::vector<Field>& LineageFields() {
  static const std::vector<Field> fields{
      {"_timestamp", {.kind = TypeKind::kTimestampTz}, false, "Kafka timestamp of the record"},
      {"_log", {.kind = TypeKind::kInt}, true, "log of the record, as numbered by sluice.log"},
      {"_partition", {.kind = TypeKind::kInt}, true, "Kafka partition of the record"},
      {"_offset", {.kind = TypeKind::kLong}, true, "Kafka offset of the record"},
  };
  return fields;
}

Schema BronzeSchema(const std::vector<Field>& declared) {
  std::vector<Field> fields = declared;
  const Type string{.kind = TypeKind::kString};
  const Type binary{.kind = TypeKind::kBinary};
  const Type header{.kind = TypeKind::kStruct, .children = {{"key", string}, {"value", binary}}};
  fields.push_back({"_rest", string, false, "undeclared fields as JSON"});
  fields.push_back({"_headers",
                    {.kind = TypeKind::kList, .children = {{"element", header}}},
                    false,
                    "Kafka headers of the record"});
  fields.push_back({"_key", binary, false, "Kafka key of the record"});
  return {WithLineage(std::move(fields))};
}

Schema SilverSchema(const std::vector<Field>& selected) {
  return {WithLineage(selected)};
}

}  // namespace sluice
