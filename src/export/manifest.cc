#include "export/manifest.h"

#include <algorithm>
#include <cctype>

namespace sluice {
namespace {

std::vector<std::string> TextsOf(const Json& list) {
  std::vector<std::string> texts;
  for (const auto& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

// dbt 1.10 moved `meta` under `config` and still copies it; older projects have it outside.
Json SupersetMeta(const Json& node) {
  const Json& inside = At(At(At(node, "config"), "meta"), "superset");
  return inside.is_null() ? At(At(node, "meta"), "superset") : inside;
}

bool IsInWarehouse(const Json& node, const std::string& project) {
  const std::string kind = TextAt(node, "resource_type");
  return (kind == "model" || kind == "seed" || kind == "snapshot") &&
         TextAt(node, "package_name") == project &&
         TextAt(At(node, "config"), "materialized") != "ephemeral" &&
         At(At(node, "config"), "enabled") != Json(false);
}

Model ModelOf(const Json& node) {
  Model model{.unique_id = TextAt(node, "unique_id"),
              .name = TextAt(node, "name"),
              .schema = TextAt(node, "schema"),
              .relation = TextAt(node, "alias"),
              .description = TextAt(node, "description"),
              .file = TextAt(node, "original_file_path"),
              .columns = {},
              .parents = TextsOf(At(At(node, "depends_on"), "nodes")),
              .meta = SupersetMeta(node)};
  for (const auto& [name, column] : At(node, "columns").items()) {
    model.columns[name] = {.description = TextAt(column, "description"),
                           .meta = SupersetMeta(column)};
  }
  return model;
}

Exposure ExposureOf(const Json& node) {
  const std::string label = TextAt(node, "label");
  return {.name = TextAt(node, "name"),
          .label = label.empty() ? TitleOf(TextAt(node, "name")) : label,
          .description = TextAt(node, "description"),
          .owner = TextAt(At(node, "owner"), "name"),
          .file = TextAt(node, "original_file_path"),
          .models = TextsOf(At(At(node, "depends_on"), "nodes")),
          .meta = SupersetMeta(node)};
}

// Tests hang on models: what they promise of a column decides how it is shown.
void AddTest(std::vector<Model>& models, const Json& test) {
  if (TextAt(At(test, "test_metadata"), "name") != "unique") return;
  const auto model = std::ranges::find(models, TextAt(test, "attached_node"), &Model::unique_id);
  if (model != models.end()) model->columns[TextAt(test, "column_name")].unique = true;
}

}  // namespace

const Model* Manifest::Find(std::string_view id_or_name) const {
  const auto found = std::ranges::find_if(models, [&](const Model& model) {
    return model.unique_id == id_or_name || model.name == id_or_name;
  });
  return found == models.end() ? nullptr : &*found;
}

Result<Manifest> ReadManifest(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  Manifest manifest{
      .project = TextAt(At(document, "metadata"), "project_name"), .models = {}, .dashboards = {}};
  if (manifest.project.empty() || !At(document, "nodes").is_object()) {
    return Fail(ErrorKind::kInvalidConfig, "the file is no dbt manifest",
                "`dbt parse` writes target/manifest.json");
  }
  for (const auto& [id, node] : At(document, "nodes").items()) {
    if (IsInWarehouse(node, manifest.project)) manifest.models.push_back(ModelOf(node));
  }
  for (const auto& [id, node] : At(document, "nodes").items()) {
    if (TextAt(node, "resource_type") == "test") AddTest(manifest.models, node);
  }
  for (const auto& [id, node] : At(document, "exposures").items()) {
    if (TextAt(node, "type") == "dashboard") manifest.dashboards.push_back(ExposureOf(node));
  }
  std::ranges::sort(manifest.models, {}, &Model::name);
  std::ranges::sort(manifest.dashboards, {}, &Exposure::name);
  return manifest;
}

std::string TitleOf(std::string_view name) {
  std::string title(name.substr(std::min(name.find_first_not_of('_'), name.size())));
  std::ranges::replace(title, '_', ' ');
  if (!title.empty()) title[0] = static_cast<char>(std::toupper(static_cast<uint8_t>(title[0])));
  return title;
}

}  // namespace sluice
