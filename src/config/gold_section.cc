#include <fmt/format.h>
#include <sys/stat.h>

#include <array>

#include "config/codes.h"
#include "config/names.h"
#include "config/sections.h"

namespace sluice {
namespace {

constexpr Bounds kEvery{1000, 86'400'000};

void ReadDbt(Reader& reader, const Node& node, GoldSpec& gold) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  std::string path = reader.PathOf(text->value);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  struct stat info{};
  const bool folder = stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  if (!folder || stat((path + "/dbt_project.yml").c_str(), &info) != 0) {
    return reader.ReportValue(
        node, *text,
        {codes::kDbtProjectMissing,
         folder ? "this folder has no `dbt_project.yml`" : "there is no such folder", "",
         "name the folder of the dbt project; it is relative to the pipeline file"});
  }
  gold.dbt = std::move(path);
}

void ReadSchema(Reader& reader, const Node& node, GoldSpec& gold) {
  const auto text = reader.ReadText(node);
  if (!text) return;
  if (!IsIdentifier(text->value) || text->value.size() > kPostgresNameBytes) {
    return reader.ReportValue(
        node, *text,
        {codes::kBadName, fmt::format("a schema cannot be named {}", Reader::Shown(node)), "",
         "write letters, digits and `_`, at most 63 bytes: `gold`"});
  }
  if (text->value == "sluice" || text->value == "information_schema" ||
      text->value.starts_with("pg_")) {
    return reader.ReportValue(
        node, *text,
        {codes::kReservedName, "this schema is reserved", "", "choose another, such as `gold`"});
  }
  gold.schema = text->value;
}

}  // namespace

void ReadGold(Reader& reader, const Node& node, GoldSpec& gold) {
  const std::array keys{
      Key{"dbt", "dbt: books_analytics", [&](const Node& n) { ReadDbt(reader, n, gold); }},
      Key{"schema", "", [&](const Node& n) { ReadSchema(reader, n, gold); }},
      Key{"every", "",
          [&](const Node& n) {
            if (auto every = reader.ReadDuration(n, kEvery)) gold.every_ms = *every;
          }},
  };
  reader.ReadMap(node, keys);
}

}  // namespace sluice
