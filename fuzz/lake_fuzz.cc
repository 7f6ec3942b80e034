// Any bytes as an Iceberg file that another engine left: what is read once is read again from what
// we write of it, the same. The first byte says which kind of file it is.
#include "input.h"
#include "lake/json.h"
#include "lake/manifest.h"
#include "lake/table_metadata.h"

namespace {

using namespace sluice;

void FuzzMetadata(std::string_view bytes) {
  const auto table = ParseMetadata(bytes, "fuzz");
  if (!table) return;
  const SnapshotDraft draft{.snapshot_id = 42, .manifest_list = "file:///list", .summary = {}};
  const Json next = WithSnapshot(*table, "file:///before", draft, 1'700'000'000'000);
  const auto again = ParseMetadata(WriteJson(next), "ours");
  fuzz::Check(again.has_value(), "what we wrote is refused",
              again ? "" : again.error().message + WriteJson(next));
  fuzz::Check(again->last_sequence_number == table->last_sequence_number + 1, "sequence number");
  fuzz::Check(again->CurrentSnapshot() != nullptr, "no current snapshot");
}

void FuzzManifestList(std::string_view bytes) {
  const auto list = ReadManifestList(bytes, "fuzz");
  if (!list) return;
  const std::string written = WriteManifestList(*list, 42, 41, 7);
  const auto again = ReadManifestList(written, "ours");
  fuzz::Check(again.has_value(), "what we wrote is refused", again ? "" : again.error().message);
  fuzz::Check(*again == *list, "another list");
}

// Two partition values, as a table parted by day and by text has them.
const PartitionSpec& Spec() {
  static const PartitionSpec spec{0, {{"day", "day", 1, 1000}, {"s", "identity", 2, 1001}}};
  return spec;
}

// Three bytes say what the list would say of it.
void FuzzManifest(std::string_view bytes) {
  if (bytes.size() < kStatuses) return;
  ManifestFile file{.path = "fuzz", .sequence_number = 3, .added_snapshot_id = 42};
  for (size_t i = 0; i < kStatuses; ++i) file.files[i] = static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(kStatuses);
  const std::vector<Type> types{{TypeKind::kDate}, {TypeKind::kString}};
  const std::vector<std::optional<Type>> known(types.begin(), types.end());
  const auto entries = ReadManifest(bytes, file, Spec(), known);
  if (!entries) return;
  const Json schema{{"type", "struct"}, {"schema-id", 0}, {"fields", Json::array()}};
  const auto written = WriteManifest({schema, Spec(), types}, 42, *entries);
  fuzz::Check(written.has_value(), "cannot be written", written ? "" : written.error().message);
  ManifestFile ours = written->file;
  ours.path = "ours";
  ours.sequence_number = file.sequence_number;
  const auto again = ReadManifest(written->bytes, ours, Spec(), known);
  fuzz::Check(again.has_value(), "what we wrote is refused", again ? "" : again.error().message);
  fuzz::Check(*again == *entries, "other entries");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'm':
      FuzzMetadata(bytes);
      break;
    case 'l':
      FuzzManifestList(bytes);
      break;
    case 'f':
      FuzzManifest(bytes);
      break;
    default:
      break;
  }
  return 0;
}
