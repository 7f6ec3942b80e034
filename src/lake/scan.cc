#include "lake/scan.h"

#include <fmt/format.h>

#include "core/text.h"

namespace sluice {
namespace {

// DuckDB's name for an Iceberg type; "" for nested ones, whose type the files tell.
std::string DuckName(const std::string& type) {
  if (type == "int") return "INTEGER";
  if (type == "long") return "BIGINT";
  if (type == "string") return "VARCHAR";
  if (type == "binary") return "BLOB";
  if (type == "timestamptz") return "TIMESTAMP WITH TIME ZONE";
  const bool nested = type.find_first_of("<{") != std::string::npos;
  return nested ? "" : type;
}

// No rows, but the table's columns: what UNION ALL BY NAME fills with nulls.
std::string EmptyRelation(const LakeTableState& table, bool has_files) {
  std::string columns;
  for (const auto& column : table.columns) {
    std::string type = DuckName(column.type);
    if (type.empty() && has_files) continue;
    if (type.empty()) type = "VARCHAR";
    columns += fmt::format("{}NULL::{} AS {}", columns.empty() ? "" : ", ", type,
                           QuoteIdentifier(column.name));
  }
  return fmt::format("SELECT {} WHERE false", columns);
}

std::string DuckTypeName(const Type& type) {
  if (type.kind == TypeKind::kList) return DuckTypeName(type.children.at(0).type) + "[]";
  if (type.kind != TypeKind::kStruct) {
    const std::string spelled = Spell(type);
    const std::string name = DuckName(spelled);
    return name.empty() ? spelled : name;
  }
  std::string fields;
  for (const Field& field : type.children) {
    fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", QuoteIdentifier(field.name),
                          DuckTypeName(field.type));
  }
  return "STRUCT(" + fields + ")";
}

}  // namespace

std::string ScanByIdSql(const IcebergSchema& schema, const std::string& local_file) {
  std::string columns;
  for (const IcebergField& field : schema.fields) {
    columns += fmt::format("{}{}: {{name: {}, type: {}, default_value: NULL}}",
                           columns.empty() ? "" : ", ", field.id, QuoteLiteral(field.name),
                           QuoteLiteral(DuckTypeName(field.type)));
  }
  return fmt::format(
      "SELECT * FROM read_parquet({}, hive_partitioning = false, schema = MAP {{{}}})",
      QuoteLiteral(local_file), columns);
}

std::string ScanSql(const LakeTableState& table, const std::vector<std::string>& local_files) {
  std::string paths, columns;
  for (const std::string& file : local_files) {
    paths += (paths.empty() ? "" : ", ") + QuoteLiteral(file);
  }
  for (const auto& column : table.columns) {
    columns += (columns.empty() ? "" : ", ") + QuoteIdentifier(column.name);
  }
  std::string rows = EmptyRelation(table, !local_files.empty());
  if (!local_files.empty()) {
    rows += fmt::format(
        " UNION ALL BY NAME SELECT * FROM read_parquet([{}], union_by_name = true, "
        "hive_partitioning = false)",
        paths);
  }
  return fmt::format("(SELECT {} FROM ({}))", columns, rows);
}

}  // namespace sluice
