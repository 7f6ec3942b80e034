#include "lake/manifest_merge.h"

#include <gtest/gtest.h>

#include <map>

#include "lake/parquet_bounds.h"
#include "lake/partition.h"

namespace sluice {
namespace {

// A store in memory, for what a merge reads and writes.
class MemoryStore : public ObjectStore {
 public:
  Status Put(const RemotePath& path, std::string_view bytes, SteadyTime) override {
    objects[path.value] = bytes;
    return {};
  }
  Result<std::string> Get(const RemotePath& path, int64_t, SteadyTime) override {
    if (!objects.contains(path.value)) return Fail(ErrorKind::kRetryable, "away");
    return objects[path.value];
  }
  Status PutFile(const LocalPath&, const RemotePath&, SteadyTime) override { return {}; }
  Result<std::string> GetRange(const RemotePath&, int64_t, int64_t, SteadyTime) override {
    return "";
  }
  Result<int64_t> Head(const RemotePath&, SteadyTime) override { return 0; }
  Result<std::vector<ObjectInfo>> List(const RemotePath&, SteadyTime) override {
    return std::vector<ObjectInfo>{};
  }
  Status Delete(const RemotePath&, SteadyTime) override { return {}; }
  Status Check(const RemotePath&, SteadyTime) override { return {}; }

  std::map<std::string, std::string> objects;
};

const PartitionSpec kSpec{1, {{"n", "identity", 1, 1000}}};

TableMetadata Metadata() {
  TableMetadata metadata;
  metadata.tree = Json::parse(R"({"current-schema-id":0,"schemas":[{"schema-id":0,"type":"struct",
      "fields":[{"id":1,"name":"n","required":false,"type":"long"}]}]})");
  metadata.location = "mem://t";
  metadata.specs = {{0, {}}, kSpec};
  return metadata;
}

class ManifestMergeTest : public ::testing::Test {
 protected:
  // Adds the manifest of a commit: snapshot and sequence number are `number`.
  void AddManifest(int64_t number, const std::vector<ManifestEntry>& entries,
                   const PartitionSpec& spec = kSpec) {
    ManifestContext context{
        .schema = table_.metadata.CurrentSchema(), .spec = spec, .partition_types = {}};
    if (!spec.fields.empty()) context.partition_types = {{.kind = TypeKind::kLong}};
    const auto written = WriteManifest(context, number, entries);
    ASSERT_TRUE(written.has_value());
    ManifestFile file = written->file;
    file.path = "mem://t/m" + std::to_string(number);
    file.sequence_number = number;
    file.min_sequence_number = number;
    store_.objects[file.path] = written->bytes;
    table_.manifests.insert(table_.manifests.begin(), file);
  }

  static ManifestEntry File(int64_t number, int64_t value) {
    return AddedEntry({.path = {"mem://t/f" + std::to_string(number)},
                       .partition = {{IntegerBytes(TypeKind::kLong, value), ""}},
                       .record_count = number,
                       .size_bytes = 10,
                       .columns = {{.field_id = 1, .lower = "12345678"}},
                       .split_offsets = {}},
                      number);
  }

  std::vector<ManifestEntry> Read(const ManifestFile& file) {
    const std::vector<std::optional<Type>> types{Type{.kind = TypeKind::kLong}};
    auto read = ReadManifest(store_.objects[file.path], file, kSpec, types);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return *std::move(read);
  }

  Result<std::optional<ManifestMerge>> Merge(const MergeLimits& limits) {
    return MergeManifests(store_, table_, 999, Now() + std::chrono::minutes(1), limits);
  }

  MemoryStore store_;
  LoadedTable table_{Metadata(), {}};
};

TEST_F(ManifestMergeTest, EntriesKeepTheirSnapshotAndNumbers) {
  AddManifest(3, {File(3, 30)});
  AddManifest(4, {File(4, -4), File(5, 40)});
  const auto merge = Merge({.min_manifests = 2});
  ASSERT_TRUE(merge.has_value() && *merge && (*merge)->merged);
  const ManifestFile& merged = *(*merge)->merged;
  EXPECT_EQ(merged.added_snapshot_id, 999);
  EXPECT_EQ(merged.min_sequence_number, 3);
  EXPECT_EQ(merged.files, (std::array<int64_t, 3>{3, 0, 0}));
  EXPECT_EQ(merged.rows, (std::array<int64_t, 3>{12, 0, 0}));
  EXPECT_EQ(*merged.partitions->at(0).lower, IntegerBytes(TypeKind::kLong, -4));
  EXPECT_EQ(*merged.partitions->at(0).upper, IntegerBytes(TypeKind::kLong, 40));
  const std::vector<ManifestEntry> entries = Read(merged);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path, "mem://t/f3");
  EXPECT_EQ(entries[0].status, EntryStatus::kExisting);
  EXPECT_EQ(entries[0].snapshot_id, 3);
  EXPECT_EQ(entries[0].sequence_number, 3);
  EXPECT_EQ(entries[0].file_sequence_number, 3);
  EXPECT_EQ(entries[2].sequence_number, 4);
  EXPECT_EQ(entries[2].metrics, File(5, 40).metrics);
  // Merged again, they still do.
  const auto carried = ApplyMerge(**merge, table_.manifests, 7);
  ASSERT_EQ(carried.size(), 1U);
  EXPECT_EQ(carried[0].sequence_number, 7);
  EXPECT_EQ(carried[0].min_sequence_number, 3);
  table_.manifests = carried;
  AddManifest(8, {File(8, 1)});
  const auto again = Merge({.min_manifests = 2});
  EXPECT_EQ(Read(*(*again)->merged)[0].sequence_number, 3);
}

TEST_F(ManifestMergeTest, DeletedEntriesAreHistory) {
  ManifestEntry gone = File(1, 1);
  gone.status = EntryStatus::kDeleted;
  gone.sequence_number = gone.file_sequence_number = 1;
  AddManifest(2, {gone});
  AddManifest(3, {gone, File(3, 3)});
  auto merge = Merge({.min_manifests = 2});
  EXPECT_EQ(Read(*(*merge)->merged).size(), 1U);
  table_.manifests.clear();
  AddManifest(4, {gone});
  AddManifest(5, {gone});
  merge = Merge({.min_manifests = 2});
  EXPECT_FALSE((*merge)->merged.has_value());
  EXPECT_TRUE(ApplyMerge(**merge, table_.manifests, 7).empty());
}

TEST_F(ManifestMergeTest, LargeForeignAndDeleteManifestsAreLeftAlone) {
  for (int number = 1; number <= 4; ++number) AddManifest(number, {File(number, 1)});
  table_.manifests[0].content = 1;
  table_.manifests[1].length = 8 << 20;
  AddManifest(5, {}, {0, {}});
  const auto merge = Merge({.min_manifests = 2});
  ASSERT_TRUE(*merge);
  EXPECT_EQ((*merge)->replaced, (std::vector<std::string>{"mem://t/m1", "mem://t/m2"}));
  const auto carried = ApplyMerge(**merge, table_.manifests, 9);
  ASSERT_EQ(carried.size(), 4U);
  EXPECT_EQ(carried[1], table_.manifests[0]);
  EXPECT_EQ(carried[2], table_.manifests[1]);
}

TEST_F(ManifestMergeTest, LimitsHold) {
  for (int number = 1; number <= 10; ++number) AddManifest(number, {File(number, 1)});
  EXPECT_FALSE(Merge({.min_manifests = 11})->has_value());
  EXPECT_EQ((*Merge({.min_manifests = 2, .max_manifests = 4}))->replaced.size(), 4U);
  const int64_t three = table_.manifests[0].length * 3 + 10;
  EXPECT_EQ((*Merge({.min_manifests = 2, .target_bytes = three}))->replaced.size(), 3U);
}

TEST_F(ManifestMergeTest, AMergeOfWhatIsGoneIsDropped) {
  for (int number = 1; number <= 3; ++number) AddManifest(number, {File(number, 1)});
  const auto merge = Merge({.min_manifests = 2});
  table_.manifests[1].path = "mem://t/rewritten";
  EXPECT_EQ(ApplyMerge(**merge, table_.manifests, 9), table_.manifests);
}

TEST_F(ManifestMergeTest, AStoreThatIsAwayFailsTheMergeOnly) {
  for (int number = 1; number <= 3; ++number) AddManifest(number, {File(number, 1)});
  store_.objects.clear();
  EXPECT_EQ(Merge({.min_manifests = 2}).error().kind, ErrorKind::kRetryable);
}

}  // namespace
}  // namespace sluice
