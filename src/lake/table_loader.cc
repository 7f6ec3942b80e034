#include "lake/table_loader.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr int64_t kMaxMetadataFileBytes = 128 << 20;
constexpr size_t kKnownStates = 4;  // the committed one, and those of commits that may roll back

// What the catalog names was put before it was named: a store that does not show it is late.
Error AsLate(Error error) {
  if (error.code == kNotFound) {
    error.kind = ErrorKind::kRetryable;
    error.hint = "the catalog names it: the store is late, or somebody deleted it";
  }
  return error;
}

Result<TableLoader::Table> LoadTable(ObjectStore& store, const std::string& pointer,
                                     SteadyTime deadline) {
  SLUICE_ASSIGN(TableMetadata metadata, LoadMetadata(store, pointer, deadline));
  std::vector<ManifestFile> manifests;
  if (const Json* snapshot = metadata.CurrentSnapshot()) {
    SLUICE_ASSIGN(const std::string list, NeedText(*snapshot, "manifest-list"));
    SLUICE_ASSIGN(manifests, LoadManifests(store, list, deadline));
  }
  return std::make_shared<const LoadedTable>(
      LoadedTable{std::move(metadata), std::move(manifests)});
}

}  // namespace

Result<TableMetadata> LoadMetadata(ObjectStore& store, const std::string& pointer,
                                   SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string bytes,
                store.Get(RemotePath{pointer}, kMaxMetadataFileBytes, deadline));
  return ParseMetadata(bytes, pointer);
}

Result<std::vector<ManifestFile>> LoadManifests(ObjectStore& store, const std::string& list,
                                                SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string bytes, store.Get(RemotePath{list}, kMaxManifestBytes, deadline));
  return ReadManifestList(bytes, list);
}

Result<TableLoader::Table> TableLoader::Load(const std::string& pointer, SteadyTime deadline) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [&](const auto& entry) { return entry.first == pointer; });
    if (found != known_.end()) return found->second;
  }
  auto table = LoadTable(store_, pointer, deadline);
  if (!table) return Fail(AsLate(std::move(table).error()));
  Remember(pointer, *table);
  return table;
}

void TableLoader::Remember(const std::string& pointer, Table table) {
  const std::scoped_lock lock(mutex_);
  known_.emplace_front(pointer, std::move(table));
  if (known_.size() > kKnownStates) known_.pop_back();
}

TableLoader::Table TableLoader::Latest() const {
  const std::scoped_lock lock(mutex_);
  return known_.empty() ? nullptr : known_.front().second;
}

}  // namespace sluice
