#include "lake/table_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/failpoint.h"
#include "core/log.h"
#include "lake/in_parallel.h"
#include "lake/remote_names.h"

namespace sluice {
namespace {

constexpr size_t kConnections = 4;
constexpr std::chrono::seconds kUploadBase{60};
constexpr int64_t kSlowestBytesPerSecond = 1 << 20;

// A deadline that a slow but working line keeps.
SteadyTime UploadDeadline(int64_t bytes) {
  return Now() + kUploadBase + std::chrono::seconds(bytes / kSlowestBytesPerSecond);
}

// Different partitions that the files lie in; an unpartitioned table is one.
int64_t CountPartitions(const std::vector<DataFile>& files) {
  std::set<std::vector<std::optional<std::string>>> seen;
  for (const DataFile& file : files) {
    std::vector<std::optional<std::string>> key;
    for (const PartitionValue& value : file.partition) key.push_back(value.bytes);
    seen.insert(std::move(key));
  }
  return static_cast<int64_t>(seen.size());
}

}  // namespace

TableStream::TableStream(ObjectStore& store, LakeTable table, std::string spool_folder,
                         int64_t file_size_bytes)
    : store_(store),
      table_(std::move(table)),
      spool_folder_(std::move(spool_folder)),
      file_size_bytes_(file_size_bytes),
      loader_(std::make_shared<TableLoader>(store)) {}

Status TableStream::Use(PreparedTable prepared) {
  if (has_rows_ || !local_.empty() || !uploaded_.empty()) {
    return Fail(ErrorKind::kInvariant, "a lake table was prepared while rows wait for a commit");
  }
  const bool same = prepared_ != nullptr && prepared_->schema == prepared.schema &&
                    prepared_->context.spec == prepared.context.spec;
  if (!same) {
    SLUICE_ASSIGN(writer_,
                  ParquetTableWriter::Make(prepared.schema, prepared.context.spec, spool_folder_,
                                           ParquetOptions{.file_size_bytes = file_size_bytes_}));
  }
  prepared_ = std::make_shared<const PreparedTable>(std::move(prepared));
  return {};
}

Status TableStream::Append(const Chunks& rows) {
  if (RowCount(rows) == 0) return {};
  if (writer_ == nullptr) return Fail(ErrorKind::kInvariant, "the lake was not prepared");
  has_rows_ = true;
  return writer_->Append(rows);
}

int64_t TableStream::OpenBytes() const {
  return writer_ != nullptr ? writer_->OpenBytes() : 0;
}

Status TableStream::Upload() {
  if (uploaded_.empty()) first_put_ = PutTime{};
  std::vector<std::optional<RemotePath>> put(local_.size());
  const Status status = InParallel(local_.size(), kConnections, [&](size_t i) -> Status {
    const FinishedFile& next = local_[i];
    const RemotePath path =
        NewDataFile(table_.location, prepared_->context.spec, next.file.partition);
    SLUICE_TRY(store_.PutFile(next.local, path, UploadDeadline(next.file.size_bytes)));
    SLUICE_FAILPOINT("s2_file");
    put[i] = path;
    return {};
  });
  std::vector<FinishedFile> left;
  for (size_t i = 0; i < local_.size(); ++i) {
    if (!put[i]) {
      left.push_back(std::move(local_[i]));
      continue;
    }
    std::error_code ignored;  // the spool goes as a whole
    std::filesystem::remove(local_[i].local.value, ignored);
    local_[i].file.path = *put[i];
    uploaded_.push_back(std::move(local_[i].file));
  }
  local_ = std::move(left);
  return status;
}

Status TableStream::Flush() {
  if (has_rows_) {
    SLUICE_ASSIGN(std::vector<FinishedFile> closed, writer_->Close());
    has_rows_ = false;
    std::move(closed.begin(), closed.end(), std::back_inserter(local_));
  }
  return Upload();
}

Result<std::optional<TablePart>> TableStream::Seal() {
  SLUICE_TRY(Flush());
  if (uploaded_.empty()) return std::nullopt;
  TableAppend append{.prepared = prepared_,
                     .snapshot_id = NewSnapshotId(),
                     .manifest = {},
                     .files = static_cast<int64_t>(uploaded_.size()),
                     .partitions = CountPartitions(uploaded_),
                     .merge = {},
                     .first_put = first_put_};
  SLUICE_ASSIGN(append.manifest, PutManifest(append.snapshot_id, append));
  append.merge = TryMerge(append.snapshot_id);
  uploaded_.clear();
  return TablePart{std::move(append), loader_};
}

Result<ManifestFile> TableStream::PutManifest(int64_t snapshot_id, TableAppend& append) {
  std::vector<ManifestEntry> entries;
  for (const DataFile& file : uploaded_) {
    entries.push_back(AddedEntry(file, snapshot_id));
    append.records += file.record_count;
    append.bytes += file.size_bytes;
  }
  SLUICE_ASSIGN(WrittenManifest written, WriteManifest(prepared_->context, snapshot_id, entries));
  const RemotePath path = NewManifest(table_.location);
  SLUICE_TRY(store_.Put(path, written.bytes, UploadDeadline(written.file.length)));
  SLUICE_FAILPOINT("s2_manifest");
  written.file.path = path.value;
  return std::move(written.file);
}

std::optional<ManifestMerge> TableStream::TryMerge(int64_t snapshot_id) {
  const TableLoader::Table latest = loader_->Latest();
  if (latest == nullptr) return std::nullopt;
  auto merge = MergeManifests(store_, *latest, snapshot_id, Now() + kUploadBase);
  if (merge) return *std::move(merge);
  // The append is good without it; the list only stays long.
  LogError("manifests were not merged", merge.error());
  return std::nullopt;
}

void TableStream::Discard() {
  if (writer_ != nullptr) writer_->Discard();
  has_rows_ = false;
  std::error_code ignored;
  for (const FinishedFile& file : local_) std::filesystem::remove(file.local.value, ignored);
  local_.clear();
  uploaded_.clear();
}

}  // namespace sluice
