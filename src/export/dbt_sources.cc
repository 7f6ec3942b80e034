#include "export/dbt_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "core/text.h"
#include "export/yaml.h"

namespace sluice {
namespace {

// dbt counts in whole minutes, hours or days.
Json Period(int64_t ms) {
  const int64_t minutes = std::max<int64_t>(1, ms / 60'000);
  if (minutes % (24 * 60) == 0) return {{"count", minutes / (24 * 60)}, {"period", "day"}};
  if (minutes % 60 == 0) return {{"count", minutes / 60}, {"period", "hour"}};
  return {{"count", minutes}, {"period", "minute"}};
}

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Whether the SQL names the column, as a word of its own.
bool Names(std::string_view sql, std::string_view column) {
  for (size_t at = sql.find(column); at != std::string_view::npos; at = sql.find(column, at + 1)) {
    const size_t end = at + column.size();
    const bool begins = at == 0 || !IsNameByte(sql[at - 1]);
    if (begins && (end == sql.size() || !IsNameByte(sql[end]))) return true;
  }
  return false;
}

std::string_view Spelled(Otherwise otherwise) {
  switch (otherwise) {
    case Otherwise::kWarn:
      return "counted";
    case Otherwise::kDrop:
      return "left out";
    case Otherwise::kQuarantine:
      return "quarantined";
    case Otherwise::kFail:
      return "a stop";
  }
  return "";
}

std::string Description(const SilverSpec& silver, const Field& field) {
  std::vector<std::string> says;
  if (!field.comment.empty()) {
    says.push_back(field.comment + (field.comment.ends_with('.') ? "" : "."));
  }
  const auto& key = silver.warehouse->key;
  if (std::ranges::find(key, field.name) != key.end()) {
    says.emplace_back(key.size() == 1 ? "The key." : "Part of the key.");
  }
  for (const auto& expectation : silver.expect) {
    if (!Names(expectation.check, field.name)) continue;
    says.push_back(
        fmt::format("Expected: {} (else {}).", expectation.check, Spelled(expectation.otherwise)));
  }
  return Join(says, " ");
}

// What never reaches the table is worth no test but this one.
bool IsNeverNull(const SilverSpec& silver, const Field& field) {
  if (field.required) return true;
  return std::ranges::any_of(silver.expect, [&](const Expectation& expectation) {
    return expectation.otherwise != Otherwise::kWarn &&
           (expectation.check == field.name + " IS NOT NULL" ||
            expectation.check == QuoteIdentifier(field.name) + " IS NOT NULL");
  });
}

Json ColumnDocument(const SilverSpec& silver, const SourceColumn& column) {
  Json document{{"name", column.field.name}};
  const std::string description = Description(silver, column.field);
  if (!description.empty()) document["description"] = description;
  document["data_type"] = column.data_type;
  if (IsNeverNull(silver, column.field)) document["data_tests"] = Json::array({"not_null"});
  return document;
}

Json TableDocument(const SilverSpec& silver, const std::vector<SourceColumn>& columns,
                   const SourceOptions& options) {
  const bool upsert = silver.warehouse->mode == WriteMode::kUpsert;
  Json document{{"name", silver.warehouse->table}};
  document["description"] =
      fmt::format("Silver of {}, written by sluice: {}.", silver.from.Full(),
                  upsert ? "the latest record for each (" + Join(silver.warehouse->key, ", ") + ")"
                         : "one row for each record");
  document["config"] = {{"loaded_at_field", "_timestamp"},
                        {"freshness",
                         {{"warn_after", Period(options.warn_after_ms)},
                          {"error_after", Period(options.error_after_ms)}}}};
  document["columns"] = Json::array();
  for (const auto& column : columns) document["columns"].push_back(ColumnDocument(silver, column));
  return document;
}

}  // namespace

std::string DbtSources(const Spec& spec, const std::vector<std::vector<SourceColumn>>& columns,
                       const SourceOptions& options) {
  std::map<std::string, Json> schemas;
  for (size_t i = 0; i < spec.silver.size(); ++i) {
    if (!spec.silver[i].warehouse) continue;
    Json& tables = schemas[spec.silver[i].warehouse->schema];
    tables.push_back(TableDocument(spec.silver[i], columns.at(i), options));
  }
  Json sources = Json::array();
  for (auto& [schema, tables] : schemas) {
    // Names of sources are unique in a project.
    const std::string name = schemas.size() == 1 ? options.name : options.name + "_" + schema;
    sources.push_back({{"name", name},
                       {"description", fmt::format("What the pipeline {} keeps in PostgreSQL. Each "
                                                   "record of the topic is in it exactly once.",
                                                   spec.pipeline)},
                       {"schema", schema},
                       {"tables", std::move(tables)}});
  }
  return fmt::format("# Written by `sluice export dbt-sources`.\n{}",
                     ToYaml({{"version", 2}, {"sources", std::move(sources)}}));
}

}  // namespace sluice
