#include "lake/table_loader.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr int64_t kMaxMetadataFileBytes = 128 << 20;
constexpr size_t kKnownStates = 4;  // the committed one, and those of commits that may roll back

}  // namespace

Result<LoadedTable> LoadTable(ObjectStore& store, const std::string& pointer, SteadyTime deadline) {
  SLUICE_ASSIGN(const std::string bytes,
                store.Get(RemotePath{pointer}, kMaxMetadataFileBytes, deadline));
  SLUICE_ASSIGN(TableMetadata metadata, ParseMetadata(bytes, pointer));
  LoadedTable table{std::move(metadata), {}};
  if (const Json* snapshot = table.metadata.CurrentSnapshot()) {
    SLUICE_ASSIGN(const std::string list, NeedText(*snapshot, "manifest-list"));
    SLUICE_ASSIGN(const std::string manifests,
                  store.Get(RemotePath{list}, kMaxManifestBytes, deadline));
    SLUICE_ASSIGN(table.manifests, ReadManifestList(manifests, list));
  }
  return table;
}

Result<TableLoader::Table> TableLoader::Load(const std::string& pointer, SteadyTime deadline) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(known_.begin(), known_.end(),
                                    [&](const auto& entry) { return entry.first == pointer; });
    if (found != known_.end()) return found->second;
  }
  SLUICE_ASSIGN(LoadedTable loaded, LoadTable(store_, pointer, deadline));
  auto table = std::make_shared<const LoadedTable>(std::move(loaded));
  Remember(pointer, table);
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
