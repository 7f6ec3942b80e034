#include "lake/avro_fields.h"
#include "lake/avro_writer.h"
#include "lake/manifest.h"

namespace sluice {
namespace {

// The schema of manifest_file. EncodeManifest writes the same fields in the same order.
Json ListSchema() {
  Json summary = RecordAvro("r508", Json::array({RequiredAvro("contains_null", 509, "boolean"),
                                                 OptionalAvro("contains_nan", 518, "boolean"),
                                                 OptionalAvro("lower_bound", 510, "bytes"),
                                                 OptionalAvro("upper_bound", 511, "bytes")}));
  Json fields = Json::array(
      {RequiredAvro("manifest_path", 500, "string"), RequiredAvro("manifest_length", 501, "long"),
       RequiredAvro("partition_spec_id", 502, "int"), RequiredAvro("content", 517, "int"),
       RequiredAvro("sequence_number", 515, "long"),
       RequiredAvro("min_sequence_number", 516, "long"),
       RequiredAvro("added_snapshot_id", 503, "long"),
       RequiredAvro("added_files_count", 504, "int"),
       RequiredAvro("existing_files_count", 505, "int"),
       RequiredAvro("deleted_files_count", 506, "int"),
       RequiredAvro("added_rows_count", 512, "long"),
       RequiredAvro("existing_rows_count", 513, "long"),
       RequiredAvro("deleted_rows_count", 514, "long"),
       OptionalAvro("partitions", 507, ListAvro(508, std::move(summary))),
       OptionalAvro("key_metadata", 519, "bytes")});
  return RecordAvro("manifest_file", std::move(fields));
}

void EncodeOptional(const std::optional<std::string>& value, AvroEncoder& out) {
  if (!value) return out.Null();
  out.Present();
  out.Bytes(*value);
}

void EncodeSummary(const PartitionSummary& summary, AvroEncoder& out) {
  out.Bool(summary.contains_null);
  if (summary.contains_nan) {
    out.Present();
    out.Bool(*summary.contains_nan);
  } else {
    out.Null();
  }
  EncodeOptional(summary.lower, out);
  EncodeOptional(summary.upper, out);
}

void EncodeManifest(const ManifestFile& file, AvroEncoder& out) {
  out.Bytes(file.path);
  out.Long(file.length);
  out.Long(file.spec_id);
  out.Long(file.content);
  out.Long(file.sequence_number);
  out.Long(file.min_sequence_number);
  out.Long(file.added_snapshot_id);
  constexpr std::array kOrder{EntryStatus::kAdded, EntryStatus::kExisting, EntryStatus::kDeleted};
  for (const EntryStatus status : kOrder) out.Long(file.files[static_cast<size_t>(status)]);
  for (const EntryStatus status : kOrder) out.Long(file.rows[static_cast<size_t>(status)]);
  if (file.partitions) {
    out.Present();
    if (!file.partitions->empty()) out.Long(static_cast<int64_t>(file.partitions->size()));
    for (const PartitionSummary& summary : *file.partitions) EncodeSummary(summary, out);
    out.Long(0);
  } else {
    out.Null();
  }
  EncodeOptional(file.key_metadata, out);
}

}  // namespace

std::string WriteManifestList(std::span<const ManifestFile> manifests, int64_t snapshot_id,
                              std::optional<int64_t> parent_id, int64_t sequence_number) {
  AvroEncoder payload;
  for (const ManifestFile& manifest : manifests) EncodeManifest(manifest, payload);
  return MakeAvroFile({{"snapshot-id", std::to_string(snapshot_id)},
                       {"parent-snapshot-id", parent_id ? std::to_string(*parent_id) : "null"},
                       {"sequence-number", std::to_string(sequence_number)},
                       {"format-version", "2"}},
                      WriteJson(ListSchema()), static_cast<int64_t>(manifests.size()),
                      payload.bytes());
}

}  // namespace sluice
