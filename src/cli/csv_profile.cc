#include "cli/csv_profile.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>

#include "decode/moment.h"
#include "source/csv.h"
#include "source/csv_types.h"

namespace sluice::cli {
namespace {

constexpr int64_t kProfiledRows = 100'000;

bool IsBool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWords{"true",  "false", "True",
                                                   "False", "TRUE",  "FALSE"};
  return std::ranges::find(kWords, text) != kWords.end();
}

TypeKind KindOf(std::string_view text) {
  if (IsBool(text)) return TypeKind::kBool;
  json::Moment moment;
  if (json::ParseMoment(text, &moment) != json::MomentVerdict::kOk) return TypeKind::kString;
  if (!moment.has_time) return TypeKind::kDate;
  return moment.has_zone ? TypeKind::kTimestampTz : TypeKind::kTimestamp;
}

// What one column's values have in common; numbers are CsvTypes' affair.
class Seen {
 public:
  void Add(const CsvField& field) {
    if (field.IsNull() || IsNanText(field.text)) {
      has_null_ = true;
      return;
    }
    const TypeKind kind = KindOf(field.text);
    if (any_ && kind != kind_) mixed_ = true;
    kind_ = kind;
    any_ = true;
    if (is_unique_ && !values_.insert(std::hash<std::string_view>{}(field.text)).second) {
      is_unique_ = false;
      values_.clear();
    }
  }

  CsvColumn Column(const Field& guessed) const {
    CsvColumn column{.header = guessed.name,
                     .name = PlainName(guessed.name),
                     .has_null = has_null_,
                     .is_unique = any_ && is_unique_};
    column.type = guessed.type.kind == TypeKind::kInt ? TypeKind::kLong : guessed.type.kind;
    if (column.type == TypeKind::kString && any_ && !mixed_) column.type = kind_;
    return column;
  }

 private:
  TypeKind kind_ = TypeKind::kString;
  bool any_ = false, mixed_ = false, has_null_ = false, is_unique_ = true;
  std::unordered_set<size_t> values_;  // hashes: two values with one hash only cost a proposal
};

void MakeUnique(std::vector<CsvColumn>& columns) {
  std::set<std::string> taken;
  for (CsvColumn& column : columns) {
    const std::string wish = column.name;
    for (int i = 2; !taken.insert(column.name).second; ++i) {
      column.name = wish + "_" + std::to_string(i);
    }
  }
}

bool IsCalledKey(const CsvColumn& column) {
  constexpr std::array<std::string_view, 6> kWords{"id", "key", "code", "uuid", "number", "no"};
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    return column.name == word || column.name.ends_with("_" + std::string(word));
  });
}

}  // namespace

std::string PlainName(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  constexpr size_t kMost = 55;  // PostgreSQL's 63 less a number
  name.resize(std::min(name.size(), kMost));
  while (name.ends_with('_')) name.pop_back();
  if (name.empty()) return "column";
  return name[0] >= '0' && name[0] <= '9' ? "n" + name : name;
}

Result<std::vector<CsvColumn>> ProfileCsv(const std::string& path) {
  SLUICE_ASSIGN(const auto reader, CsvReader::Open(path));
  CsvTypes types(reader->header().size());
  std::vector<Seen> seen(reader->header().size());
  for (int64_t rows = 0; rows < kProfiledRows; ++rows) {
    SLUICE_ASSIGN(const bool found, reader->Next());
    if (!found) break;
    types.Add(reader->row());
    for (size_t i = 0; i < seen.size(); ++i) seen[i].Add(reader->row()[i]);
  }
  const auto guessed = types.Guess(reader->header());
  std::vector<CsvColumn> columns;
  for (size_t i = 0; i < seen.size(); ++i) columns.push_back(seen[i].Column(guessed[i]));
  MakeUnique(columns);
  return columns;
}

const CsvColumn* FindKey(const std::vector<CsvColumn>& columns) {
  const CsvColumn* key = nullptr;
  for (const CsvColumn& column : columns) {
    const bool fits = column.is_unique && !column.has_null &&
                      (column.type == TypeKind::kString || column.type == TypeKind::kLong);
    if (fits && (key == nullptr || (IsCalledKey(column) && !IsCalledKey(*key)))) key = &column;
  }
  return key;
}

}  // namespace sluice::cli
