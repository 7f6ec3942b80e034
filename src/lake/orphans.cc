#include "lake/orphans.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <unordered_set>

#include "lake/catalog.h"
#include "lake/folder_store.h"
#include "lake/reachable.h"
#include "lake/table_loader.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kStoreCall{60};

// Hashes of normalised addresses: eight bytes for each object of a large table. Two that collide
// keep an orphan alive, and never the other way round.
class Known {
 public:
  void Add(const std::string& address) { hashes_.insert(HashOf(address)); }
  bool Has(const std::string& address) const { return hashes_.contains(HashOf(address)); }

 private:
  static size_t HashOf(const std::string& address) {
    return std::hash<std::string>{}(NormalizeAddress(address));
  }
  std::unordered_set<size_t> hashes_;
};

Result<TableMetadata> LoadTable(SqlSession& session, const std::string& catalog,
                                const TableName& name, ObjectStore& store, std::string& pointer) {
  SLUICE_ASSIGN(auto found, FindPointer(session, catalog, name));
  if (!found) {
    return Fail(ErrorKind::kFatal,
                fmt::format("there is no lake table {} in the catalog {}", name.Full(), catalog),
                "sluice tables ls", std::string(kNotFound));
  }
  pointer = *std::move(found);
  return LoadMetadata(store, pointer, Now() + kStoreCall);
}

// Lists the table's folders and says what the store's clock shows.
Result<int64_t> ListAll(ObjectStore& store, const std::string& location,
                        const OrphanOptions& options, std::vector<ObjectInfo>& objects) {
  const RemotePath probe{
      fmt::format("{}/metadata/.sluice-clock-{}", location, Uuid::Random().value)};
  if (options.probe) SLUICE_TRY(store.Put(probe, "clock", Now() + kStoreCall));
  SLUICE_ASSIGN(objects, store.List({location + "/metadata"}, Now() + options.list_within));
  int64_t now_ms = WallClockMs();
  if (options.probe) {
    SLUICE_TRY(store.Delete(probe, Now() + kStoreCall));
    const auto shown = std::find_if(objects.begin(), objects.end(), [&](const ObjectInfo& object) {
      return NormalizeAddress(object.path.value) == NormalizeAddress(probe.value);
    });
    if (shown == objects.end()) {
      return Fail(ErrorKind::kRetryable, "the lake's store does not list what was just put");
    }
    now_ms = shown->modified_ms;
    objects.erase(shown);
  }
  if (!options.superseded_only) {
    SLUICE_ASSIGN(const auto data, store.List({location + "/data"}, Now() + options.list_within));
    objects.insert(objects.end(), data.begin(), data.end());
  }
  return now_ms;
}

// The version of `…/metadata/00012-<uuid>.metadata.json`; -1 for every other name.
int64_t VersionOf(const std::string& address) {
  const std::string name = address.substr(address.rfind('/') + 1);
  const size_t dash = name.find('-');
  if (!name.ends_with(".metadata.json") || dash == std::string::npos || dash < 5 || dash > 9) {
    return -1;
  }
  int64_t version = 0;
  for (const char digit : name.substr(0, dash)) {
    if (digit < '0' || digit > '9') return -1;
    version = version * 10 + (digit - '0');
  }
  return version;
}

// Metadata files below this version were followed by so many others that no commit in flight can
// still name them: its file would be the pointer's next.
int64_t OldestVersion(const TableMetadata& metadata, const std::string& pointer) {
  const Json& log = ListMember(metadata.tree, "metadata-log");
  int64_t oldest = VersionOf(pointer);
  for (const Json& entry : log) {
    oldest = std::min(oldest, VersionOf(TextMember(entry, "metadata-file").value_or("")));
  }
  return log.empty() ? -1 : oldest;
}

}  // namespace

int64_t Orphans::bytes() const {
  return std::accumulate(
      objects.begin(), objects.end(), int64_t{0},
      [](int64_t sum, const ObjectInfo& object) { return sum + object.size_bytes; });
}

Result<Orphans> FindOrphans(SqlSession& session, const std::string& catalog, const TableName& name,
                            ObjectStore& store, const OrphanOptions& options) {
  std::string pointer;
  SLUICE_ASSIGN(TableMetadata metadata, LoadTable(session, catalog, name, store, pointer));
  std::vector<ObjectInfo> objects;
  SLUICE_ASSIGN(const int64_t now_ms, ListAll(store, metadata.location, options, objects));
  SLUICE_ASSIGN(const auto previous, FindPreviousPointer(session, catalog, name));
  SLUICE_ASSIGN(metadata, LoadTable(session, catalog, name, store, pointer));
  Known known;
  known.Add(pointer);
  if (previous) known.Add(*previous);
  for (const Json& entry : ListMember(metadata.tree, "metadata-log")) {
    known.Add(TextMember(entry, "metadata-file").value_or(""));
  }
  if (!options.superseded_only) {
    SLUICE_TRY(VisitReachable(store, metadata, [&](const std::string& path) { known.Add(path); }));
  }
  const int64_t oldest = OldestVersion(metadata, pointer);
  Orphans orphans;
  for (ObjectInfo& object : objects) {
    const int64_t version = VersionOf(object.path.value);
    const bool superseded = version >= 0 && version < oldest;
    if (options.superseded_only && !superseded) continue;
    const int64_t limit_ms = superseded ? options.superseded_ms : options.older_than_ms;
    if (object.modified_ms < now_ms - limit_ms && !known.Has(object.path.value)) {
      orphans.objects.push_back(std::move(object));
    }
  }
  return orphans;
}

}  // namespace sluice
