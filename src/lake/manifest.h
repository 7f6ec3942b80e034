#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "lake/data_file.h"
#include "lake/json.h"
#include "lake/table_schema.h"

namespace sluice {

enum class EntryStatus { kExisting = 0, kAdded = 1, kDeleted = 2 };
inline constexpr size_t kStatuses = 3;

/// Statistics by field id, exactly as a manifest has them: an absent map stays absent.
struct FileMetrics {
  using Counts = std::optional<std::map<int32_t, int64_t>>;
  using Bounds = std::optional<std::map<int32_t, std::string>>;
  Counts column_sizes{}, value_counts{}, null_counts{}, nan_counts{};
  Bounds lower{}, upper{};
  bool operator==(const FileMetrics&) const = default;
};

/// One data file in one manifest, by whatever engine.
struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  std::optional<int64_t> snapshot_id{};
  std::optional<int64_t> sequence_number{};       ///< absent: the manifest's, once it has one
  std::optional<int64_t> file_sequence_number{};  ///< absent: the manifest's
  std::string path;
  std::string format = "PARQUET";
  std::vector<std::optional<std::string>> partition{};  ///< single-value bytes; absent is null
  int64_t record_count = 0;
  int64_t size_bytes = 0;
  FileMetrics metrics{};
  std::optional<std::string> key_metadata{};
  std::optional<std::vector<int64_t>> split_offsets{};
  std::optional<int64_t> sort_order_id{};
  bool operator==(const ManifestEntry&) const = default;
};

/// The entry that adds one of our files. Its sequence numbers come with the commit.
ManifestEntry AddedEntry(const DataFile& file, int64_t snapshot_id);

/// The range of one partition field's values over a manifest: single-value bytes, untruncated.
struct PartitionSummary {
  bool contains_null = false;
  std::optional<bool> contains_nan{};
  std::optional<std::string> lower{}, upper{};
  bool operator==(const PartitionSummary&) const = default;
};

/// One manifest, as a manifest list tells of it.
struct ManifestFile {
  std::string path;
  int64_t length = 0;
  int32_t spec_id = 0;
  int64_t content = 0;  ///< 0 data, 1 deletes
  int64_t sequence_number = 0;
  int64_t min_sequence_number = 0;
  int64_t added_snapshot_id = 0;
  std::array<int64_t, kStatuses> files{};  ///< by EntryStatus
  std::array<int64_t, kStatuses> rows{};
  std::optional<std::vector<PartitionSummary>> partitions{};
  std::optional<std::string> key_metadata{};
  bool operator==(const ManifestFile&) const = default;
};

/// Returns whether a manifest holds files that its snapshot shows.
inline bool HasLiveFiles(const ManifestFile& file) {
  return file.files[static_cast<size_t>(EntryStatus::kExisting)] > 0 ||
         file.files[static_cast<size_t>(EntryStatus::kAdded)] > 0;
}

/// What a manifest's entries share.
struct ManifestContext {
  Json schema;  ///< the table's, with its schema-id
  PartitionSpec spec;
  std::vector<Type> partition_types;  ///< one for each field of the spec
};

struct WrittenManifest {
  std::string bytes;
  /// Without path and sequence_number; min_sequence_number is the least that a live entry has of
  /// its own, 0 where one has none.
  ManifestFile file;
};

/// Encodes a manifest of data files. Broken when an entry's partition does not fit the spec.
Result<WrittenManifest> WriteManifest(const ManifestContext& context, int64_t snapshot_id,
                                      std::span<const ManifestEntry> entries);

/// Reads a manifest of data files; what entries inherit from the list is filled in. Broken when it
/// is not whole, or disagrees with the list's counts, or its values do not fit `types`: nothing for
/// a field leaves its values null.
Result<std::vector<ManifestEntry>> ReadManifest(std::string_view bytes, const ManifestFile& file,
                                                const PartitionSpec& spec,
                                                std::span<const std::optional<Type>> types);

/// Encodes a manifest list.
std::string WriteManifestList(std::span<const ManifestFile> manifests, int64_t snapshot_id,
                              std::optional<int64_t> parent_id, int64_t sequence_number);

Result<std::vector<ManifestFile>> ReadManifestList(std::string_view bytes, std::string_view path);

}  // namespace sluice
