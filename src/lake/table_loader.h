#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lake/manifest.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace sluice {

inline constexpr int64_t kMaxManifestBytes = 256 << 20;

/// A table as one metadata file has it, with the manifests of its current snapshot.
struct LoadedTable {
  TableMetadata metadata;
  std::vector<ManifestFile> manifests;
};

Result<TableMetadata> LoadMetadata(ObjectStore& store, const std::string& pointer,
                                   SteadyTime deadline);
Result<std::vector<ManifestFile>> LoadManifests(ObjectStore& store, const std::string& list,
                                                SteadyTime deadline);

/// Loads one table and remembers the last few states by the address of their metadata file, which
/// never changes its content. Thread-safe.
class TableLoader {
 public:
  using Table = std::shared_ptr<const LoadedTable>;

  explicit TableLoader(ObjectStore& store) : store_(store) {}
  /// `pointer` is the catalog's: FailsWith kRetryable (code `not_found`) while the store lacks it.
  Result<Table> Load(const std::string& pointer, SteadyTime deadline);
  void Remember(const std::string& pointer, Table table);
  /// Returns the state that was loaded or remembered last; null at first.
  Table Latest() const;

 private:
  ObjectStore& store_;
  mutable std::mutex mutex_;
  std::deque<std::pair<std::string, Table>> known_;  // newest in front
};

}  // namespace sluice
