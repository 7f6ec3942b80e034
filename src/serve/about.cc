#include "serve/about.h"

#include <filesystem>

namespace sluice {

About About::Of(const Spec& spec, std::string version) {
  About about;
  about.version = std::move(version);
  about.pipeline = spec.pipeline;
  about.topic = spec.source.topic;
  about.bronze = spec.bronze.table.Full();
  for (const auto& silver : spec.silver) {
    about.silver.push_back(silver.table.Full());
    if (!silver.warehouse) continue;
    about.warehouse.push_back(silver.warehouse->schema + "." + silver.warehouse->table);
  }
  if (spec.gold) about.gold = std::filesystem::path(spec.gold->dbt).filename().string();
  return about;
}

}  // namespace sluice
