#include "cli/project_from_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/csv_profile.h"
#include "cli/init_files.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

using Columns = std::vector<CsvColumn>;

// Words that neither PostgreSQL nor DuckDB takes for a column without quotes.
constexpr std::string_view kReserved =
    " all analyse analyze and any array as asc asymmetric both case cast check collate column"
    " constraint create current_date current_time current_timestamp current_user default deferrable"
    " desc describe distinct do else end except false fetch for foreign from grant group having in"
    " initially intersect into lambda lateral leading limit localtime localtimestamp not null "
    "offset"
    " on only or order pivot placing primary qualify references returning select session_user show"
    " some summarize symmetric table then to trailing true union unique unpivot user using variadic"
    " when where window with ";

std::string SqlName(const std::string& name) {
  const bool reserved = kReserved.find(" " + name + " ") != std::string_view::npos;
  return reserved ? QuoteIdentifier(name) : name;
}

// Plain where YAML leaves no doubt, JSON's quotes, which YAML reads as well, elsewhere.
std::string YamlKey(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '(' || c == ')' || c == ' ';
  });
  constexpr std::array<std::string_view, 8> kWords{"true", "false", "null", "yes",
                                                   "no",   "on",    "off",  "y"};
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const bool starts_with_letter = !text.empty() && lower[0] >= 'a' && lower[0] <= 'z';
  if (plain && starts_with_letter && !text.ends_with(' ') &&
      std::ranges::find(kWords, lower) == kWords.end()) {
    return text;
  }
  return JsonQuote(text);
}

std::string YamlText(const std::string& text) {
  return text.find('"') == std::string::npos ? text : "'" + text + "'";
}

std::string BronzeColumns(const Columns& columns) {
  std::string text;
  for (const CsvColumn& column : columns) {
    text += fmt::format("      {}: {}\n", YamlKey(column.header), Spell({.kind = column.type}));
  }
  return text;
}

std::string SilverSql(const Columns& columns, const std::string& table) {
  std::string text;
  for (const CsvColumn& column : columns) {
    const std::string quoted = QuoteIdentifier(column.header);
    text += fmt::format("      {} {} AS {}{}\n", text.empty() ? "SELECT" : "      ",
                        column.type == TypeKind::kString ? fmt::format("trim({})", quoted) : quoted,
                        SqlName(column.name), &column == &columns.back() ? "" : ",");
  }
  return text + fmt::format("      FROM raw.{}\n", table);
}

std::string SilverRest(const CsvColumn* key, const std::string& table) {
  if (key == nullptr) {
    return fmt::format(
        "    # expect:                          # what a row must satisfy; docs/config.md\n"
        "    warehouse:\n"
        "      table: public.{}\n"
        "      mode: append                     # no column is a key; `upsert` keeps one row a "
        "key\n",
        table);
  }
  return fmt::format(
      "    expect:                            # else: warn, drop, quarantine or fail\n"
      "      has_key: {{check: {}, else: quarantine}}\n"
      "    warehouse:\n"
      "      table: public.{}\n"
      "      mode: upsert                     # one row a key, the newest; or `append`\n"
      "      key: [{}]\n",
      YamlText(SqlName(key->name) + " IS NOT NULL"), table, key->name);
}

std::string PipelineFile(const Columns& columns, const std::string& table) {
  return fmt::format(
      R"(# A pipeline for one CSV. `sluice validate` checks this file, `sluice plan` says what a run
# would create. Types and the key are what the file's first rows show: look them over.
version: 1
pipeline: {0}

source:
  kafka: ${{KAFKA_BROKERS:embedded}}     # host:port,… ; `embedded` is a broker inside the process
  topic: {0}
  start: earliest

lake: ${{LAKE:./lake}}                   # a folder, or s3://… with S3_ENDPOINT and credentials
warehouse: ${{DATABASE_URL:embedded}}    # postgres://… ; `embedded` is a private PostgreSQL

# Bronze: each record as it arrived. Fields that are not declared are kept in the column _rest.
# Types: bool int long float double decimal(p,s) string binary date timestamp timestamptz
bronze:
  raw.{0}:
    format: json
    columns:
{1}
# Silver: one SELECT in DuckDB's SQL, row by row. Tables are combined in gold.
silver:
  processed.{0}:
    from: raw.{0}
    sql: |
{2}{3}
# Gold: a dbt project over the warehouse, built after commits, at most every 10 s.
gold:
  dbt: analytics
)",
      table, BronzeColumns(columns), SilverSql(columns, table),
      SilverRest(FindKey(columns), table));
}

std::string ModelsFile(const Columns& columns, const std::string& table) {
  const CsvColumn* const key = FindKey(columns);
  std::string text = fmt::format(
      R"(version: 2

sources:
  - name: warehouse
    description: What sluice keeps in PostgreSQL. Each record of the topic is in it exactly once.
    schema: public
    tables:
      - name: {0}
        description: Rows of processed.{0}.

models:
  - name: {0}_mart
    description: What dashboards read. Make of it what your questions need.
    columns:
)",
      table);
  for (const CsvColumn& column : columns) {
    text += fmt::format("      - name: {}\n        description: {}\n", column.name,
                        JsonQuote(column.header));
    if (&column == key) text += "        data_tests: [not_null, unique]\n";
  }
  return text;
}

std::string ModelSql(const Columns& columns, const std::string& table) {
  std::string text = "{{ config(materialized='view') }}\n\nselect\n";
  for (const CsvColumn& column : columns) {
    text += fmt::format("    {}{}\n", SqlName(column.name), &column == &columns.back() ? "" : ",");
  }
  return text + fmt::format("from {{{{ source('warehouse', '{}') }}}}\n", table);
}

std::string ReadMe(const std::string& table) {
  return fmt::format(
      R"(# {0}

    sluice run                            # streams until Ctrl-C; in one terminal
    sluice produce FILE.csv               # in another
    sluice status
    sluice tables sql 'SELECT * FROM processed.{0} LIMIT 5'
    sluice warehouse sql 'SELECT * FROM {0}_mart LIMIT 5'
    sluice quarantine ls                  # records that could not become rows, and why
)",
      table);
}

std::string Shipped(std::string_view path) {
  for (const InitFile& file : InitFiles()) {
    if (file.path == path) return std::string(file.content);
  }
  return {};
}

}  // namespace

Result<std::vector<ProjectFile>> ProjectFromCsv(const std::string& csv) {
  SLUICE_ASSIGN(const Columns columns, ProfileCsv(csv));
  for (const CsvColumn& column : columns) {
    if (column.header.find_first_of("\r\n") == std::string::npos) continue;
    return Fail(ErrorKind::kBadInput,
                fmt::format("a column's name has a line break: {}", EscapeControl(column.header)),
                "give it another name in the file's first line");
  }
  const std::string table = PlainName(std::filesystem::path(csv).stem().string());
  return std::vector<ProjectFile>{
      {".gitignore", Shipped(".gitignore")},
      {"README.md", ReadMe(table)},
      {"analytics/dbt_project.yml", Shipped("analytics/dbt_project.yml")},
      {fmt::format("analytics/models/{}_mart.sql", table), ModelSql(columns, table)},
      {"analytics/models/models.yml", ModelsFile(columns, table)},
      {"sluice.yml", PipelineFile(columns, table)}};
}

}  // namespace sluice::cli
