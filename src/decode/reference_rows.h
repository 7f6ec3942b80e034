#pragma once

// The reference decoder's second half: from a tree to a row, in the text of testing.h.

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "decode/json_index.h"
#include "decode/reference.h"

namespace sluice::json::reference {

class Rows {
 public:
  Rows(std::string_view text, const BronzeSpec& spec) : text_(text), spec_(spec) {}

  /// The row's text, or `! reason field`.
  std::string Outcome() {
    if (text_.empty()) return "! empty_value";
    if (text_[0] == '\0' && text_.size() >= 5) return "! unexpected_wire_format";
    if (FirstNotUtf8(text_) < text_.size()) return "! invalid_utf8";
    try {
      const Node root = Parser(text_, spec_.decode).ParseAll();
      const std::string row = Row(root);
      if (faults_.empty()) return row;
      const auto first =
          std::min_element(faults_.begin(), faults_.end(),
                           [](const Fault& a, const Fault& b) { return a.position < b.position; });
      return "! " + first->reason + (first->field.empty() ? "" : " " + BytesAsText(first->field));
    } catch (const Broken& broken) {
      return "! " + broken.reason;
    }
  }

 private:
  static constexpr const char* kTop = "\x01";  // the path of the record itself
  struct Fault {
    size_t position;
    std::string reason, field;
  };

  void Refuse(size_t position, std::string reason, const std::string& field) {
    faults_.push_back({position, std::move(reason), field == kTop ? "" : field});
  }

  std::string Row(const Node& root) {
    if (root.kind != Node::kObject) {
      Refuse(root.begin, "not_an_object", kTop);
      CheckAny(root, kTop);
      return {};
    }
    const Type type{.kind = TypeKind::kStruct, .children = spec_.columns};
    std::vector<std::string> values = Fields(type, root, kTop);
    std::string row;
    for (const auto& value : values) row += (row.empty() ? "" : " | ") + value;
    std::string rest;
    for (const auto& [key, value] : root.fields) {
      const Field* field = Find(type, key.text);
      if (field != nullptr && !LosesWithin(field->type, value)) continue;
      rest += (rest.empty() ? "" : ",") + Raw(key) + ":" + Raw(value);
    }
    return rest.empty() ? row : row + " | _rest {" + BytesAsText(rest) + "}";
  }

  static const Field* Find(const Type& type, const std::string& name) {
    for (const auto& field : type.children) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }

  /// Whether an undeclared field lies within.
  static bool LosesWithin(const Type& type, const Node& node) {
    bool loses = false;
    if (type.kind == TypeKind::kList && node.kind == Node::kList) {
      for (const auto& item : node.items) loses |= LosesWithin(type.children[0].type, item);
    }
    if (type.kind != TypeKind::kStruct || node.kind != Node::kObject) return loses;
    for (const auto& [key, value] : node.fields) {
      const Field* field = Find(type, key.text);
      loses |= field == nullptr || LosesWithin(field->type, value);
    }
    return loses;
  }

  void FindSpecials(const Node& node, std::vector<const Node*>& specials) const {
    if (node.kind == Node::kSpecial) specials.push_back(&node);
    for (const auto& [key, value] : node.fields) FindSpecials(value, specials);
    for (const auto& item : node.items) FindSpecials(item, specials);
  }

  std::string Raw(const Node& node) const {
    std::vector<const Node*> specials;
    FindSpecials(node, specials);
    std::string raw;
    size_t at = node.begin;
    for (const Node* special : specials) {
      raw += std::string(text_.substr(at, special->begin - at)) + "null";
      at = special->end;
    }
    return raw + std::string(text_.substr(at, node.end - at));
  }

  static std::string Within(const std::string& path, const std::string& name) {
    return path == kTop ? name : path + "." + name;
  }

  void CheckKeys(const Node& object, const std::string& path) {
    std::set<std::string> seen;
    for (const auto& [key, value] : object.fields) {
      if (key.problem) Refuse(key.problem->first, key.problem->second, path);
      if (!seen.insert(key.text).second) {
        Refuse(key.begin, "duplicate_key", Within(path, key.text));
      }
    }
  }

  /// What must hold of a value that no column takes.
  void CheckAny(const Node& node, const std::string& field) {
    if (node.problem) Refuse(node.problem->first, node.problem->second, field);
    if (node.kind == Node::kSpecial && node.text != "NaN") {
      Refuse(node.begin, "number_not_finite", field);
    }
    CheckKeys(node, field);
    for (const auto& [key, value] : node.fields) CheckAny(value, field);
    for (const auto& item : node.items) CheckAny(item, field);
  }

  std::vector<std::string> Fields(const Type& type, const Node& object, const std::string& path) {
    CheckKeys(object, path);
    std::vector<std::string> values(type.children.size(), "NULL");
    std::vector<bool> seen(type.children.size());
    for (const auto& [key, value] : object.fields) {
      const Field* field = Find(type, key.text);
      const std::string within = Within(path, key.text);
      if (field == nullptr) {
        CheckAny(value, within);
        continue;
      }
      const auto index = static_cast<size_t>(field - type.children.data());
      values[index] = Value(*field, value, within);
      seen[index] = true;
    }
    for (size_t i = 0; i < seen.size(); ++i) {
      if (!seen[i] && type.children[i].required) {
        Refuse(object.end - 1, "missing_required", Within(path, type.children[i].name));
      }
    }
    return values;
  }

  std::string Value(const Field& field, const Node& node, const std::string& path) {
    const Type& type = field.type;
    if (node.kind == Node::kNull || (node.kind == Node::kSpecial && node.text == "NaN")) {
      if (field.required) Refuse(node.begin, "null_in_required", path);
      return "NULL";
    }
    if (node.kind == Node::kSpecial) return Mismatch(node, path, "number_not_finite");
    const bool number = node.kind == Node::kNumber;
    switch (type.kind) {
      case TypeKind::kBool:
        return node.kind == Node::kBool ? node.text : Mismatch(node, path);
      case TypeKind::kInt:
        return number ? Integer(node, path, "2147483647", "2147483648") : Mismatch(node, path);
      case TypeKind::kLong:
        return number ? Integer(node, path, "9223372036854775807", "9223372036854775808")
                      : Mismatch(node, path);
      case TypeKind::kDecimal:
        return number ? Decimal(type, node, path) : Mismatch(node, path);
      case TypeKind::kDouble:
        return number ? Floating(std::strtod(node.text.c_str(), nullptr), node, path)
                      : Mismatch(node, path);
      case TypeKind::kFloat:
        return number ? Floating(std::strtof(node.text.c_str(), nullptr), node, path)
                      : Mismatch(node, path);
      case TypeKind::kString:
        if (node.kind != Node::kString) return Mismatch(node, path);
        if (node.problem) Refuse(node.problem->first, node.problem->second, path);
        return BytesAsText(node.text);
      case TypeKind::kStruct:
        return node.kind == Node::kObject ? Struct(type, node, path) : Mismatch(node, path);
      case TypeKind::kList:
        return node.kind == Node::kList ? List(type, node, path) : Mismatch(node, path);
      default:
        return "not in the reference";
    }
  }

  std::string Mismatch(const Node& node, const std::string& path,
                       const std::string& reason = "type_mismatch") {
    Refuse(node.begin, reason, path);
    CheckAny(node, path);
    return "";
  }

  std::string Struct(const Type& type, const Node& node, const std::string& path) {
    const auto values = Fields(type, node, path);
    std::string text;
    for (size_t i = 0; i < values.size(); ++i) {
      text += (i == 0 ? "{" : ", ") + type.children[i].name + ": " + values[i];
    }
    return text + "}";
  }

  std::string List(const Type& type, const Node& node, const std::string& path) {
    std::string text;
    for (const auto& item : node.items) {
      text += (text.empty() ? "[" : ", ") + Value(type.children[0], item, path + "[]");
    }
    return (text.empty() ? "[" : text) + "]";
  }

  std::string Integer(const Node& node, const std::string& path, const std::string& most,
                      const std::string& least) {
    const Exact exact(node.text);
    if (exact.exponent < 0) return Mismatch(node, path, "number_not_integral");
    if (exact.exponent > 100 || !NotGreater(exact.Scaled(0), exact.negative ? least : most)) {
      return Mismatch(node, path, "number_out_of_range");
    }
    return (exact.negative && !exact.digits.empty() ? "-" : "") + exact.Scaled(0);
  }

  std::string Decimal(const Type& type, const Node& node, const std::string& path) {
    const Exact exact(node.text);
    if (exact.exponent < -type.scale) return Mismatch(node, path, "decimal_scale");
    if (exact.exponent > 100 ||
        (!exact.digits.empty() && exact.Scaled(type.scale).size() > type.precision)) {
      return Mismatch(node, path, "number_out_of_range");
    }
    std::string digits = exact.Scaled(type.scale);
    while (digits.size() <= type.scale) digits.insert(digits.begin(), '0');
    if (type.scale > 0) digits.insert(digits.size() - type.scale, ".");
    return (exact.negative && !exact.digits.empty() ? "-" : "") + digits;
  }

  template <typename Float>
  std::string Floating(Float value, const Node& node, const std::string& path) {
    if (!std::isfinite(value) || (value == 0 && !Exact(node.text).digits.empty())) {
      return Mismatch(node, path, "number_out_of_range");
    }
    return fmt::format("{}", value);
  }

  std::string_view text_;
  const BronzeSpec& spec_;
  std::vector<Fault> faults_;
};

/// A spec with every kind that the reference knows.
inline BronzeSpec ReferenceSpec() {
  BronzeSpec spec;
  const auto add = [&](const char* name, const char* type, bool required = false) {
    spec.columns.push_back({name, ParseType(type).value(), required});
  };
  add("n", "int");
  add("l", "long", true);
  add("d", "double");
  add("f", "float");
  add("m", "decimal(10,2)");
  add("w", "decimal(38,10)");
  add("s", "string");
  add("a longer name", "string");
  add("b", "bool");
  add("st", "struct<x: int, y: string, z: list<long>>");
  add("li", "list<int>");
  add("ls", "list<struct<k: string, v: double>>");
  return spec;
}

}  // namespace sluice::json::reference
