#include "lake/manifest.h"

#include <algorithm>

#include "lake/avro_fields.h"
#include "lake/avro_writer.h"
#include "lake/partition.h"

namespace sluice {
namespace {

// The schema of manifest_entry. EncodeEntry writes the same fields in the same order.
Json EntrySchema(const ManifestContext& context) {
  Json partition = Json::array();
  for (size_t i = 0; i < context.spec.fields.size(); ++i) {
    const PartitionSpecField& field = context.spec.fields[i];
    partition.push_back(
        OptionalAvro(AvroName(field.name), field.field_id,
                     PartitionAvroType(context.partition_types[i], field.field_id)));
  }
  Json file = Json::array(
      {RequiredAvro("content", 134, "int"), RequiredAvro("file_path", 100, "string"),
       RequiredAvro("file_format", 101, "string"),
       RequiredAvro("partition", 102, RecordAvro("r102", std::move(partition))),
       RequiredAvro("record_count", 103, "long"), RequiredAvro("file_size_in_bytes", 104, "long"),
       OptionalAvro("column_sizes", 108, IntMapAvro(117, 118, "long")),
       OptionalAvro("value_counts", 109, IntMapAvro(119, 120, "long")),
       OptionalAvro("null_value_counts", 110, IntMapAvro(121, 122, "long")),
       OptionalAvro("nan_value_counts", 137, IntMapAvro(138, 139, "long")),
       OptionalAvro("lower_bounds", 125, IntMapAvro(126, 127, "bytes")),
       OptionalAvro("upper_bounds", 128, IntMapAvro(129, 130, "bytes")),
       OptionalAvro("key_metadata", 131, "bytes"),
       OptionalAvro("split_offsets", 132, ListAvro(133, "long")),
       OptionalAvro("equality_ids", 135, ListAvro(136, "int")),
       OptionalAvro("sort_order_id", 140, "int")});
  Json fields = Json::array(
      {RequiredAvro("status", 0, "int"), OptionalAvro("snapshot_id", 1, "long"),
       OptionalAvro("sequence_number", 3, "long"), OptionalAvro("file_sequence_number", 4, "long"),
       RequiredAvro("data_file", 2, RecordAvro("r2", std::move(file)))});
  return RecordAvro("manifest_entry", std::move(fields));
}

void EncodeOptional(const std::optional<int64_t>& value, AvroEncoder& out) {
  if (!value) return out.Null();
  out.Present();
  out.Long(*value);
}

void EncodeOptional(const std::optional<std::string>& value, AvroEncoder& out) {
  if (!value) return out.Null();
  out.Present();
  out.Bytes(*value);
}

void EncodeItem(int64_t value, AvroEncoder& out) {
  out.Long(value);
}
void EncodeItem(const std::string& value, AvroEncoder& out) {
  out.Bytes(value);
}

template <typename Value>
void EncodeMap(const std::optional<std::map<int32_t, Value>>& map, AvroEncoder& out) {
  if (!map) return out.Null();
  out.Present();
  if (!map->empty()) out.Long(static_cast<int64_t>(map->size()));
  for (const auto& [id, value] : *map) {
    out.Long(id);
    EncodeItem(value, out);
  }
  out.Long(0);
}

void EncodeOffsets(const std::optional<std::vector<int64_t>>& offsets, AvroEncoder& out) {
  if (!offsets) return out.Null();
  out.Present();
  if (!offsets->empty()) out.Long(static_cast<int64_t>(offsets->size()));
  for (const int64_t offset : *offsets) out.Long(offset);
  out.Long(0);
}

Status EncodePartition(const ManifestContext& context, const ManifestEntry& entry,
                       AvroEncoder& out) {
  if (entry.partition.size() != context.partition_types.size()) {
    return Broken("a data file's partition does not fit its spec");
  }
  for (size_t i = 0; i < entry.partition.size(); ++i) {
    if (!entry.partition[i]) {
      out.Null();
      continue;
    }
    out.Present();
    SLUICE_TRY(EncodePartitionValue(context.partition_types[i], *entry.partition[i], out));
  }
  return {};
}

Status EncodeEntry(const ManifestContext& context, const ManifestEntry& entry, AvroEncoder& out) {
  out.Long(static_cast<int64_t>(entry.status));
  EncodeOptional(entry.snapshot_id, out);
  EncodeOptional(entry.sequence_number, out);
  EncodeOptional(entry.file_sequence_number, out);
  out.Long(0);  // content: data
  out.Bytes(entry.path);
  out.Bytes(entry.format);
  SLUICE_TRY(EncodePartition(context, entry, out));
  out.Long(entry.record_count);
  out.Long(entry.size_bytes);
  EncodeMap(entry.metrics.column_sizes, out);
  EncodeMap(entry.metrics.value_counts, out);
  EncodeMap(entry.metrics.null_counts, out);
  EncodeMap(entry.metrics.nan_counts, out);
  EncodeMap(entry.metrics.lower, out);
  EncodeMap(entry.metrics.upper, out);
  EncodeOptional(entry.key_metadata, out);
  EncodeOffsets(entry.split_offsets, out);
  out.Null();  // equality_ids: only delete files have them
  EncodeOptional(entry.sort_order_id, out);
  return {};
}

template <typename Value>
void Note(std::optional<std::map<int32_t, Value>>& map, int32_t id,
          const std::optional<Value>& value) {
  if (!value) return;
  if (!map) map.emplace();
  map->emplace(id, *value);
}

void Widen(const Type& type, const std::optional<std::string>& value, PartitionSummary& summary) {
  if (!value) {
    summary.contains_null = true;
  } else if (IsNan(type, *value)) {
    summary.contains_nan = true;
  } else {
    if (!summary.lower || CompareValues(type, *value, *summary.lower) < 0) summary.lower = value;
    if (!summary.upper || CompareValues(type, *value, *summary.upper) > 0) summary.upper = value;
  }
}

// Counts and ranges over the entries; deleted ones are within the ranges too.
ManifestFile Summarize(const ManifestContext& context, std::span<const ManifestEntry> entries) {
  ManifestFile file;
  file.spec_id = context.spec.spec_id;
  file.partitions.emplace(context.spec.fields.size());
  std::optional<int64_t> lowest;
  for (const ManifestEntry& entry : entries) {
    const auto status = static_cast<size_t>(entry.status);
    ++file.files[status];
    file.rows[status] += entry.record_count;
    if (entry.status != EntryStatus::kDeleted) {
      const int64_t number = entry.sequence_number.value_or(0);
      lowest = std::min(lowest.value_or(number), number);
    }
    for (size_t i = 0; i < entry.partition.size(); ++i) {
      Widen(context.partition_types[i], entry.partition[i], (*file.partitions)[i]);
    }
  }
  for (size_t i = 0; i < context.partition_types.size(); ++i) {
    const TypeKind kind = context.partition_types[i].kind;
    PartitionSummary& summary = (*file.partitions)[i];
    const bool real = kind == TypeKind::kFloat || kind == TypeKind::kDouble;
    if (real && !summary.contains_nan) summary.contains_nan = false;
  }
  file.min_sequence_number = lowest.value_or(0);
  return file;
}

}  // namespace

ManifestEntry AddedEntry(const DataFile& file, int64_t snapshot_id) {
  ManifestEntry entry{.snapshot_id = snapshot_id,
                      .path = file.path.value,
                      .record_count = file.record_count,
                      .size_bytes = file.size_bytes,
                      .sort_order_id = 0};
  for (const PartitionValue& value : file.partition) entry.partition.push_back(value.bytes);
  if (!file.split_offsets.empty()) entry.split_offsets = file.split_offsets;
  FileMetrics& metrics = entry.metrics;
  for (const ColumnStats& column : file.columns) {
    Note(metrics.column_sizes, column.field_id, std::optional(column.size_bytes));
    Note(metrics.value_counts, column.field_id, std::optional(column.value_count));
    Note(metrics.null_counts, column.field_id, std::optional(column.null_count));
    Note(metrics.nan_counts, column.field_id, column.nan_count);
    Note(metrics.lower, column.field_id, column.lower);
    Note(metrics.upper, column.field_id, column.upper);
  }
  return entry;
}

Result<WrittenManifest> WriteManifest(const ManifestContext& context, int64_t snapshot_id,
                                      std::span<const ManifestEntry> entries) {
  AvroEncoder payload;
  for (const ManifestEntry& entry : entries) SLUICE_TRY(EncodeEntry(context, entry, payload));
  const auto schema_id = IntMember(context.schema, "schema-id").value_or(0);
  WrittenManifest written{
      .bytes = MakeAvroFile({{"schema", WriteJson(context.schema)},
                             {"schema-id", std::to_string(schema_id)},
                             {"partition-spec", WriteJson(SpecFieldsJson(context.spec))},
                             {"partition-spec-id", std::to_string(context.spec.spec_id)},
                             {"format-version", "2"},
                             {"content", "data"}},
                            WriteJson(EntrySchema(context)), static_cast<int64_t>(entries.size()),
                            payload.bytes()),
      .file = Summarize(context, entries)};
  written.file.length = static_cast<int64_t>(written.bytes.size());
  written.file.added_snapshot_id = snapshot_id;
  return written;
}

}  // namespace sluice
