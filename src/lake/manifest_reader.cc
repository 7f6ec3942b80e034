#include <fmt/format.h>

#include "lake/avro_reader.h"
#include "lake/manifest.h"
#include "lake/partition.h"

namespace sluice {
namespace {

// Reads fields of one record by id; the first that is missing or of another type is remembered.
class FieldReader {
 public:
  explicit FieldReader(const AvroValue& record) : record_(record) {}

  int64_t Int(int32_t id) {
    const auto value = OptionalInt(id);
    if (!value) missing_ = id;
    return value.value_or(0);
  }
  std::string Text(int32_t id) {
    auto value = OptionalText(id);
    if (!value) missing_ = id;
    return std::move(value).value_or("");
  }
  std::optional<int64_t> OptionalInt(int32_t id) const {
    const AvroValue* field = record_.Find(id);
    return field != nullptr && field->Int() != nullptr ? std::optional(*field->Int())
                                                       : std::nullopt;
  }
  std::optional<std::string> OptionalText(int32_t id) const {
    const AvroValue* field = record_.Find(id);
    return field != nullptr && field->Text() != nullptr ? std::optional(*field->Text())
                                                        : std::nullopt;
  }
  std::optional<bool> OptionalBool(int32_t id) const {
    const AvroValue* field = record_.Find(id);
    return field != nullptr && field->Bool() != nullptr ? std::optional(*field->Bool())
                                                        : std::nullopt;
  }
  const AvroValue::List* Items(int32_t id) const {
    const AvroValue* field = record_.Find(id);
    return field != nullptr ? field->Items() : nullptr;
  }
  Status Done() const {
    if (!missing_) return {};
    return Broken(fmt::format("a manifest lacks the required field {}", *missing_));
  }

 private:
  const AvroValue& record_;
  std::optional<int32_t> missing_;
};

FileMetrics::Counts ReadCounts(const FieldReader& file, int32_t id, int32_t key, int32_t value) {
  const AvroValue::List* items = file.Items(id);
  if (items == nullptr) return std::nullopt;
  std::map<int32_t, int64_t> counts;
  for (const AvroValue& item : *items) {
    FieldReader pair(item);
    counts[static_cast<int32_t>(pair.Int(key))] = pair.Int(value);
  }
  return counts;
}

FileMetrics::Bounds ReadBounds(const FieldReader& file, int32_t id, int32_t key, int32_t value) {
  const AvroValue::List* items = file.Items(id);
  if (items == nullptr) return std::nullopt;
  std::map<int32_t, std::string> bounds;
  for (const AvroValue& item : *items) {
    FieldReader pair(item);
    bounds[static_cast<int32_t>(pair.Int(key))] = pair.Text(value);
  }
  return bounds;
}

Status ReadPartition(const AvroValue& file, const PartitionSpec& spec,
                     std::span<const std::optional<Type>> types, ManifestEntry& entry) {
  const AvroValue* partition = file.Find(102);
  if (partition == nullptr) return Broken("a manifest lacks the required field 102");
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    const AvroValue* value = partition->Find(spec.fields[i].field_id);
    if (value == nullptr || !types[i]) {
      entry.partition.emplace_back();
      continue;
    }
    SLUICE_ASSIGN(std::optional<std::string> bytes, DecodePartitionValue(*types[i], *value));
    entry.partition.push_back(std::move(bytes));
  }
  return {};
}

Status ReadDataFile(const AvroValue& record, ManifestEntry& entry) {
  FieldReader file(record);
  entry.path = file.Text(100);
  entry.format = file.Text(101);
  entry.record_count = file.Int(103);
  entry.size_bytes = file.Int(104);
  entry.metrics = {.column_sizes = ReadCounts(file, 108, 117, 118),
                   .value_counts = ReadCounts(file, 109, 119, 120),
                   .null_counts = ReadCounts(file, 110, 121, 122),
                   .nan_counts = ReadCounts(file, 137, 138, 139),
                   .lower = ReadBounds(file, 125, 126, 127),
                   .upper = ReadBounds(file, 128, 129, 130)};
  entry.key_metadata = file.OptionalText(131);
  entry.sort_order_id = file.OptionalInt(140);
  if (const AvroValue::List* offsets = file.Items(132)) {
    entry.split_offsets.emplace();
    for (const AvroValue& offset : *offsets) {
      if (offset.Int() != nullptr) entry.split_offsets->push_back(*offset.Int());
    }
  }
  if (file.OptionalInt(134).value_or(0) != 0) return Broken("a data manifest holds a delete file");
  if (entry.record_count < 0 || entry.size_bytes < 0) return Broken("a manifest counts below 0");
  return file.Done();
}

// Gives an entry what it takes from the list. Manifests of format version 1 (sequence number 0)
// pass theirs on to old entries too.
Status Inherit(const ManifestFile& file, ManifestEntry& entry) {
  const bool inherits = entry.status == EntryStatus::kAdded || file.sequence_number == 0;
  if (!entry.snapshot_id) entry.snapshot_id = file.added_snapshot_id;
  if (!entry.sequence_number && inherits) entry.sequence_number = file.sequence_number;
  if (!entry.file_sequence_number && inherits) entry.file_sequence_number = file.sequence_number;
  if (!entry.sequence_number || !entry.file_sequence_number) {
    return Broken("a manifest has an old entry without sequence number");
  }
  return {};
}

Result<ManifestEntry> ReadEntry(const AvroValue& record, const ManifestFile& file,
                                const PartitionSpec& spec,
                                std::span<const std::optional<Type>> types) {
  FieldReader fields(record);
  const int64_t status = fields.Int(0);
  const AvroValue* data_file = record.Find(2);
  if (data_file == nullptr || status < 0 || status >= static_cast<int64_t>(kStatuses)) {
    return Broken("a manifest entry has no file or no status");
  }
  ManifestEntry entry{.status = static_cast<EntryStatus>(status),
                      .snapshot_id = fields.OptionalInt(1),
                      .sequence_number = fields.OptionalInt(3),
                      .file_sequence_number = fields.OptionalInt(4),
                      .path = {}};
  SLUICE_TRY(fields.Done());
  SLUICE_TRY(ReadDataFile(*data_file, entry));
  SLUICE_TRY(ReadPartition(*data_file, spec, types, entry));
  SLUICE_TRY(Inherit(file, entry));
  return entry;
}

std::optional<std::vector<PartitionSummary>> ReadSummaries(const FieldReader& fields) {
  const AvroValue::List* items = fields.Items(507);
  if (items == nullptr) return std::nullopt;
  std::vector<PartitionSummary> summaries;
  for (const AvroValue& item : *items) {
    const FieldReader summary(item);
    summaries.push_back({.contains_null = summary.OptionalBool(509).value_or(true),
                         .contains_nan = summary.OptionalBool(518),
                         .lower = summary.OptionalText(510),
                         .upper = summary.OptionalText(511)});
  }
  return summaries;
}

Result<ManifestFile> ReadListEntry(const AvroValue& record) {
  FieldReader fields(record);
  ManifestFile file{.path = fields.Text(500),
                    .length = fields.Int(501),
                    .spec_id = static_cast<int32_t>(fields.Int(502)),
                    .content = fields.OptionalInt(517).value_or(0),
                    .sequence_number = fields.OptionalInt(515).value_or(0),
                    .min_sequence_number = fields.OptionalInt(516).value_or(0),
                    .added_snapshot_id = fields.Int(503),
                    .files = {fields.Int(505), fields.Int(504), fields.Int(506)},
                    .rows = {fields.Int(513), fields.Int(512), fields.Int(514)},
                    .partitions = ReadSummaries(fields),
                    .key_metadata = fields.OptionalText(519)};
  SLUICE_TRY(fields.Done());
  return file;
}

}  // namespace

Result<std::vector<ManifestEntry>> ReadManifest(std::string_view bytes, const ManifestFile& file,
                                                const PartitionSpec& spec,
                                                std::span<const std::optional<Type>> types) {
  SLUICE_ASSIGN(const AvroFile avro, ReadAvroFile(bytes, file.path));
  std::vector<ManifestEntry> entries;
  std::array<int64_t, kStatuses> files{};
  for (const AvroValue& record : avro.records) {
    SLUICE_ASSIGN(ManifestEntry entry, ReadEntry(record, file, spec, types));
    ++files[static_cast<size_t>(entry.status)];
    entries.push_back(std::move(entry));
  }
  if (files != file.files) {
    return Broken(fmt::format("`{}` holds other files than its list says", file.path));
  }
  return entries;
}

Result<std::vector<ManifestFile>> ReadManifestList(std::string_view bytes, std::string_view path) {
  SLUICE_ASSIGN(const AvroFile avro, ReadAvroFile(bytes, path));
  std::vector<ManifestFile> manifests;
  for (const AvroValue& record : avro.records) {
    SLUICE_ASSIGN(ManifestFile manifest, ReadListEntry(record));
    manifests.push_back(std::move(manifest));
  }
  return manifests;
}

}  // namespace sluice
