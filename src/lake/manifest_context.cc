#include "lake/manifest_context.h"

#include <fmt/format.h>

#include "lake/partition.h"
#include "lake/table_loader.h"

namespace sluice {

std::optional<ManifestContext> ContextOf(const TableMetadata& metadata, int32_t spec_id) {
  const PartitionSpec* spec = metadata.FindSpec(spec_id);
  if (spec == nullptr) return std::nullopt;
  ManifestContext context{.schema = metadata.CurrentSchema(), .spec = *spec, .partition_types = {}};
  for (auto& type : PartitionTypes(*spec, metadata.schemas())) {
    if (!type) return std::nullopt;
    context.partition_types.push_back(*std::move(type));
  }
  return context;
}

Result<std::vector<ManifestEntry>> LoadEntries(ObjectStore& store, const TableMetadata& metadata,
                                               const ManifestFile& file, SteadyTime deadline) {
  const PartitionSpec* spec = metadata.FindSpec(file.spec_id);
  if (spec == nullptr) {
    return Broken(fmt::format("a manifest has the unknown spec {}", file.spec_id));
  }
  SLUICE_ASSIGN(const std::string bytes,
                store.Get(RemotePath{file.path}, kMaxManifestBytes, deadline));
  return ReadManifest(bytes, file, *spec, PartitionTypes(*spec, metadata.schemas()));
}

}  // namespace sluice
