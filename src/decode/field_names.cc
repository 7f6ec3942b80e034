#include "decode/field_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::json {
namespace {

uint64_t Hash(std::string_view name) {
  uint64_t front = 0;
  uint64_t back = 0;
  const size_t edge = std::min<size_t>(name.size(), 8);
  std::memcpy(&front, name.data(), edge);
  std::memcpy(&back, name.data() + name.size() - edge, edge);
  const uint64_t mixed = (front ^ std::rotl(back, 29) ^ name.size()) * 0x9E3779B97F4A7C15;
  return mixed ^ mixed >> 32;
}

void Fold(std::string_view name, std::string* folded) {
  folded->assign(name);
  for (char& c : *folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

}  // namespace

Result<FieldNames> FieldNames::Make(const std::vector<Field>& fields, bool fold_case) {
  FieldNames names(fold_case);
  names.followers_.assign(fields.size() + 1, kNone);
  names.slots_.assign(std::bit_ceil(2 * fields.size() + 2), kNone);
  for (const auto& field : fields) {
    std::string name = field.name;
    if (fold_case) Fold(field.name, &name);
    names.names_.push_back(name);
    int& slot = names.Slot(name);
    if (slot != kNone) {
      return Fail(ErrorKind::kInvalidConfig,
                  fmt::format("two columns are one to the JSON decoder: `{}`", field.name),
                  fold_case ? "decode.case_insensitive takes no names that differ only in case"
                            : "give each column a name of its own");
    }
    slot = static_cast<int>(names.names_.size()) - 1;
  }
  return names;
}

int& FieldNames::Slot(std::string_view name) {
  const size_t mask = slots_.size() - 1;
  size_t at = Hash(name) & mask;
  while (slots_[at] != kNone && names_[static_cast<size_t>(slots_[at])] != name) {
    at = (at + 1) & mask;
  }
  return slots_[at];
}

int FieldNames::FindByHash(std::string_view name, int previous) {
  if (fold_case_) {
    Fold(name, &folded_);
    name = folded_;
  }
  const int found = Slot(name);
  if (found != kNone) followers_[static_cast<size_t>(int64_t{previous} + 1)] = found;
  return found;
}

}  // namespace sluice::json
