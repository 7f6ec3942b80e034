#include "warehouse/target_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/text.h"

namespace sluice {
namespace {

constexpr size_t kIdentifierBytes = 63;
constexpr std::array<std::string_view, 6> kSystemColumns{"tableoid", "xmin", "cmin",
                                                         "xmax",     "cmax", "ctid"};

class NameCheck {
 public:
  void Check(const Target& target) {
    table_ = target.FullName();
    CheckIdentifier("schema", target.spec.schema);
    CheckIdentifier("table", target.spec.table);
    if (!tables_.insert({target.spec.schema, target.spec.table}).second) {
      Add("two silver tables go into it: give each a table of its own");
    }
    CheckColumns(target);
    if (target.spec.mode == WriteMode::kUpsert) CheckKey(target);
  }

  Status Verdict() const {
    if (faults_.empty()) return {};
    return Fail(ErrorKind::kInvalidConfig,
                "warehouse tables cannot be made as named:\n" + Join(faults_, "\n"),
                "sluice explain E0408", "E0408");
  }

 private:
  void Add(std::string_view fault) { faults_.push_back(fmt::format("{}: {}", table_, fault)); }

  void CheckIdentifier(std::string_view what, const std::string& name) {
    if (name.empty() || name.find('\0') != std::string::npos) {
      Add(fmt::format("a {} needs a name", what));
    } else if (name.size() > kIdentifierBytes) {
      Add(fmt::format("the {} name has {} bytes, and PostgreSQL cuts at {}: {}", what, name.size(),
                      kIdentifierBytes, name));
    }
  }

  void CheckColumns(const Target& target) {
    std::set<std::string> seen;
    for (const auto& column : target.columns) {
      CheckIdentifier("column", column.name);
      if (std::ranges::find(kSystemColumns, column.name) != kSystemColumns.end()) {
        Add(fmt::format("column `{}` is one of PostgreSQL's own: rename it with AS", column.name));
      }
      if (!seen.insert(column.name).second) {
        Add(fmt::format("there are two columns `{}`: rename one with AS", column.name));
      }
    }
  }

  void CheckKey(const Target& target) {
    if (target.spec.key.empty()) Add("mode upsert needs a `key`");
    for (const auto& name : target.spec.key) {
      if (std::ranges::find(target.columns, name, &Field::name) == target.columns.end()) {
        Add(fmt::format("key column `{}` is not selected by the silver SQL", name));
      }
    }
  }

  std::string table_;
  std::set<std::pair<std::string, std::string>> tables_;
  std::vector<std::string> faults_;
};

}  // namespace

Status CheckNames(const std::vector<const Target*>& targets) {
  NameCheck check;
  for (const Target* target : targets) check.Check(*target);
  return check.Verdict();
}

}  // namespace sluice
