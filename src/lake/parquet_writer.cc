#include "lake/parquet_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "lake/parquet_file.h"
#include "lake/parquet_partition.h"
#include "stage/duck.h"

namespace sluice {
namespace {

// Many open files have smaller pages.
constexpr int64_t kPageBytes = 512 << 10;
constexpr int64_t kLeastPageBytes = 32 << 10;

Status CheckLimit(std::string_view name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return {};
  return Fail(ErrorKind::kInvalidConfig,
              fmt::format("{} must be between {} and {}, not {}", name, least, most, value));
}

// Whether DuckDB keeps both in the same way.
bool HaveOneShape(const Type& a, const Type& b) {
  return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale &&
         std::ranges::equal(a.children, b.children, [](const Field& left, const Field& right) {
           return HaveOneShape(left.type, right.type);
         });
}

}  // namespace

// What is in hand for one partition: rows that wait for a full chunk, and perhaps an open file.
struct ParquetTableWriter::Partition {
  std::vector<PartitionValue> values;
  std::vector<uint32_t> picked{};  // rows of the chunk that is being scattered
  std::optional<Chunk> gathered{};
  size_t gathered_rows = 0;
  std::unique_ptr<ParquetFile> file{};
};

Status ParquetOptions::Validate() const {
  constexpr int64_t kMost = int64_t{1} << 40;
  SLUICE_TRY(CheckLimit("file_size_bytes", file_size_bytes, 1, kMost));
  SLUICE_TRY(CheckLimit("row_group_rows", row_group_rows, kChunkRows, kMost));
  SLUICE_TRY(CheckLimit("row_group_bytes", row_group_bytes, 1, kMost));
  SLUICE_TRY(CheckLimit("max_open_files", max_open_files, 1, 1'000));
  SLUICE_TRY(CheckLimit("max_gathering", max_gathering, 1, 100'000));
  SLUICE_TRY(CheckLimit("max_buffered_bytes", max_buffered_bytes, 1, kMost));
  return CheckLimit("compression_level", compression_level, 1, 22);
}

Result<std::unique_ptr<ParquetTableWriter>> ParquetTableWriter::Make(const IcebergSchema& schema,
                                                                     const PartitionSpec& spec,
                                                                     std::string spool_folder,
                                                                     ParquetOptions options) {
  SLUICE_TRY(options.Validate());
  SLUICE_ASSIGN(auto partitioner, Partitioner::Make(schema, spec));
  std::error_code failed;
  std::filesystem::create_directories(spool_folder, failed);
  if (failed) {
    return Fail(ErrorKind::kFatal, fmt::format("cannot make the folder for Parquet files: {}: {}",
                                               spool_folder, failed.message()));
  }
  return std::unique_ptr<ParquetTableWriter>(
      new ParquetTableWriter(schema, std::move(partitioner), std::move(spool_folder), options));
}

ParquetTableWriter::ParquetTableWriter(IcebergSchema schema,
                                       std::unique_ptr<Partitioner> partitioner, std::string folder,
                                       ParquetOptions options)
    : schema_(std::move(schema)),
      partitioner_(std::move(partitioner)),
      folder_(std::move(folder)),
      options_(options) {
  for (const auto& field : schema_.fields) layout_.fields.push_back({field.name, field.type});
}

ParquetTableWriter::~ParquetTableWriter() {
  Discard();
}

Status ParquetTableWriter::Append(std::span<const Chunk> rows) {
  if (failed_) return Fail(*failed_);
  Status appended = AppendAll(rows);
  if (!appended) failed_ = appended.error();
  return appended;
}

Status ParquetTableWriter::AppendAll(std::span<const Chunk> rows) {
  for (const Chunk& chunk : rows) {
    if (chunk.rows() == 0) continue;
    SLUICE_TRY(CheckLayout(chunk));
    SLUICE_TRY(AppendChunk(chunk));
    SLUICE_TRY(KeepPartitionLimit());
  }
  return {};
}

Status ParquetTableWriter::CheckLayout(const Chunk& chunk) const {
  bool same = chunk.columns() == layout_.fields.size();
  for (size_t i = 0; same && i < chunk.columns(); ++i) {
    const DuckType duck_type(duckdb_vector_get_column_type(chunk.column(i)));
    const auto type = FromDuckType(duck_type.get());
    same = type && HaveOneShape(*type, layout_.fields[i].type);
  }
  if (same) return {};  // the encoders trust it: anything else would be read as what it is not
  return Fail(ErrorKind::kInvariant, "rows for the lake have another layout than their table");
}

Status ParquetTableWriter::AppendChunk(const Chunk& chunk) {
  if (!partitioner_->IsOnePartition(chunk)) return Scatter(chunk);
  std::string key;
  partitioner_->AppendKey(chunk, 0, key);
  Partition& partition = PartitionOf(key, chunk, 0);
  SLUICE_TRY(FlushGathered(partition));
  return Write(partition, chunk);
}

ParquetTableWriter::Partition& ParquetTableWriter::PartitionOf(const std::string& key,
                                                               const Chunk& chunk, size_t row) {
  auto& found = partitions_[key];
  if (!found) found = std::make_unique<Partition>(partitioner_->ValuesOf(chunk, row));
  return *found;
}

Status ParquetTableWriter::Scatter(const Chunk& chunk) {
  std::vector<Partition*> touched;
  std::string key, last_key;
  Partition* last = nullptr;
  for (size_t row = 0; row < chunk.rows(); ++row) {
    key.clear();
    partitioner_->AppendKey(chunk, row, key);
    if (last == nullptr || key != last_key) {
      last = &PartitionOf(key, chunk, row);
      if (last->picked.empty()) touched.push_back(last);
      last_key.swap(key);
    }
    last->picked.push_back(static_cast<uint32_t>(row));
  }
  for (Partition* partition : touched) SLUICE_TRY(Gather(*partition, chunk));
  return {};
}

Status ParquetTableWriter::Gather(Partition& partition, const Chunk& chunk) {
  const size_t count = partition.picked.size();
  const DuckSelection selection(duckdb_create_selection_vector(count));
  std::ranges::copy(partition.picked, duckdb_selection_vector_get_data_ptr(selection.get()));
  partition.picked.clear();
  for (size_t from = 0; from < count;) {
    if (!partition.gathered) partition.gathered = Chunk::Make(layout_);
    const size_t to = std::min(count, from + kChunkRows - partition.gathered_rows);
    for (size_t i = 0; i < chunk.columns(); ++i) {
      duckdb_vector_copy_sel(chunk.column(i), partition.gathered->column(i), selection.get(), to,
                             from, partition.gathered_rows);
    }
    partition.gathered_rows += to - from;
    from = to;
    if (partition.gathered_rows == kChunkRows) SLUICE_TRY(FlushGathered(partition));
  }
  return {};
}

Status ParquetTableWriter::FlushGathered(Partition& partition) {
  if (!partition.gathered) return {};
  Chunk chunk = *std::exchange(partition.gathered, std::nullopt);
  chunk.SetRows(std::exchange(partition.gathered_rows, 0));
  return Write(partition, chunk);
}

Status ParquetTableWriter::Write(Partition& partition, const Chunk& chunk) {
  if (!partition.file) SLUICE_TRY(Open(partition));
  SLUICE_TRY(partition.file->Append(chunk));
  if (partition.file->Bytes() >= options_.file_size_bytes) return Retire(partition);
  return KeepMemoryLimit();
}

Status ParquetTableWriter::Open(Partition& partition) {
  if (OpenFiles() >= options_.max_open_files) SLUICE_TRY(Retire(Largest()));
  const ParquetFileOptions file_options{
      .row_group_rows = options_.row_group_rows,
      .row_group_bytes = options_.row_group_bytes,
      .page_bytes = std::max(kPageBytes / (OpenFiles() + 1), kLeastPageBytes),
      .compression_level = options_.compression_level};
  SLUICE_ASSIGN(partition.file, ParquetFile::Make(schema_, folder_, file_options));
  return {};
}

int64_t ParquetTableWriter::OpenFiles() const {
  return std::ranges::count_if(partitions_,
                               [](const auto& item) { return item.second->file != nullptr; });
}

ParquetTableWriter::Partition& ParquetTableWriter::Largest() {
  const auto bytes = [](const auto& item) {
    return item.second->file ? item.second->file->Bytes() : -1;
  };
  return *std::ranges::max_element(partitions_, {}, bytes)->second;
}

Status ParquetTableWriter::KeepMemoryLimit() {
  int64_t bytes = 0;
  for (const auto& [key, partition] : partitions_) {
    if (partition->file) bytes += partition->file->BufferedBytes();
  }
  return bytes < options_.max_buffered_bytes ? Status() : Retire(Largest());
}

Status ParquetTableWriter::KeepPartitionLimit() {
  std::erase_if(partitions_,
                [](const auto& item) { return !item.second->file && !item.second->gathered; });
  while (static_cast<int64_t>(partitions_.size()) > options_.max_gathering) {
    const auto fullest = std::ranges::max_element(
        partitions_, {}, [](const auto& item) { return item.second->gathered_rows; });
    SLUICE_TRY(FlushGathered(*fullest->second));
    SLUICE_TRY(Retire(*fullest->second));
    partitions_.erase(fullest);
  }
  return {};
}

Status ParquetTableWriter::Retire(Partition& partition) {
  if (!partition.file) return {};
  const std::unique_ptr<ParquetFile> file = std::move(partition.file);
  SLUICE_ASSIGN(DataFile made, file->Finish());
  made.partition = partition.values;
  finished_.push_back({file->path(), std::move(made)});
  return {};
}

int64_t ParquetTableWriter::OpenBytes() const {
  int64_t most = 0;
  for (const auto& [key, partition] : partitions_) {
    if (partition->file) most = std::max(most, partition->file->Bytes());
  }
  for (const auto& finished : finished_) most = std::max(most, finished.file.size_bytes);
  return most;
}

Result<std::vector<FinishedFile>> ParquetTableWriter::Close() {
  if (failed_) return Fail(*failed_);
  auto closed = CloseAll();
  if (!closed) failed_ = closed.error();
  return closed;
}

Result<std::vector<FinishedFile>> ParquetTableWriter::CloseAll() {
  for (auto& [key, partition] : partitions_) {
    SLUICE_TRY(FlushGathered(*partition));
    SLUICE_TRY(Retire(*partition));
  }
  partitions_.clear();
  return std::exchange(finished_, {});
}

void ParquetTableWriter::Discard() {
  partitions_.clear();
  std::error_code ignored;  // a file that is left behind harms nobody
  for (const auto& finished : finished_) std::filesystem::remove(finished.local.value, ignored);
  finished_.clear();
  failed_.reset();
}

}  // namespace sluice
