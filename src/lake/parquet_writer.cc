#include "lake/parquet_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "lake/parquet_file.h"
#include "lake/parquet_partition.h"
#include "lake/parquet_stats.h"

namespace sluice {
namespace {

// Files that end while rows go on into others: each holds a row group's memory until it is done.
constexpr int64_t kMaxEnding = 4;
// Files with smaller row groups repeat their dictionaries too often.
constexpr int64_t kLeastGroupRows = 8 * kChunkRows;

void DestroySelection(duckdb_selection_vector* selection) {
  duckdb_destroy_selection_vector(*selection);
}

using DuckSelection = DuckHandle<duckdb_selection_vector, DestroySelection>;

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

// A file that rows go into, or that ends.
struct ParquetTableWriter::Output {
  std::unique_ptr<ParquetFile> file;
  ParquetStats stats;
  std::vector<PartitionValue> values;
  int64_t row_group_rows = 0;
  int64_t group_rows = 0;      // of the unfinished row group
  int64_t buffered_bytes = 0;  // in memory, about
};

// What is in hand for one partition: rows that wait for a full chunk, and perhaps an open file.
struct ParquetTableWriter::Partition {
  std::vector<PartitionValue> values;
  std::vector<uint32_t> picked{};  // rows of the chunk that is being scattered
  std::optional<Chunk> gathered{};
  size_t gathered_rows = 0;
  std::unique_ptr<Output> open{};
};

Status ParquetOptions::Validate() const {
  constexpr int64_t kMost = int64_t{1} << 40;
  SLUICE_TRY(CheckLimit("file_size_bytes", file_size_bytes, 1, kMost));
  SLUICE_TRY(CheckLimit("row_group_rows", row_group_rows, kChunkRows, kMost));
  SLUICE_TRY(CheckLimit("row_group_bytes", row_group_bytes, 1, kMost));
  SLUICE_TRY(CheckLimit("max_open_files", max_open_files, 1, 1'000));
  SLUICE_TRY(CheckLimit("max_gathering", max_gathering, 1, 100'000));
  SLUICE_TRY(CheckLimit("max_buffered_bytes", max_buffered_bytes, 1, kMost));
  SLUICE_TRY(CheckLimit("max_queued_chunks", max_queued_chunks, 1, kMost));
  SLUICE_TRY(CheckLimit("max_queued_bytes", max_queued_bytes, 1, kMost));
  return CheckLimit("compression_level", compression_level, 1, 22);
}

Result<std::unique_ptr<ParquetTableWriter>> ParquetTableWriter::Make(DuckEngine& engine,
                                                                     const IcebergSchema& schema,
                                                                     const PartitionSpec& spec,
                                                                     std::string spool_folder,
                                                                     ParquetOptions options) {
  SLUICE_TRY(options.Validate());
  SLUICE_ASSIGN(auto partitioner, Partitioner::Make(schema, spec));
  SLUICE_ASSIGN(auto spool, ParquetSpool::Make(engine, schema, std::move(spool_folder),
                                               options.compression_level));
  return std::unique_ptr<ParquetTableWriter>(
      new ParquetTableWriter(std::move(spool), std::move(partitioner), options));
}

ParquetTableWriter::ParquetTableWriter(std::unique_ptr<ParquetSpool> spool,
                                       std::unique_ptr<Partitioner> partitioner,
                                       ParquetOptions options)
    : spool_(std::move(spool)), partitioner_(std::move(partitioner)), options_(options) {
  for (const auto& field : spool_->schema().fields) {
    layout_.fields.push_back({field.name, field.type});
  }
}

ParquetTableWriter::~ParquetTableWriter() {
  Discard();
}

Status ParquetTableWriter::Append(const std::shared_ptr<const void>& keep_alive,
                                  std::span<const Chunk> rows) {
  if (failed_) return Fail(*failed_);
  Status appended = AppendAll(keep_alive, rows);
  if (!appended) failed_ = appended.error();
  return appended;
}

Status ParquetTableWriter::AppendAll(const std::shared_ptr<const void>& keep_alive,
                                     std::span<const Chunk> rows) {
  for (const Chunk& chunk : rows) {
    if (chunk.rows() == 0) continue;
    SLUICE_TRY(CheckLayout(chunk));
    SLUICE_TRY(AppendChunk(std::shared_ptr<const Chunk>(keep_alive, &chunk)));
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
  if (same) return {};  // DuckDB trusts what the file was bound with: anything else crashes it
  return Fail(ErrorKind::kInvariant, "rows for the lake have another layout than their table");
}

Status ParquetTableWriter::AppendChunk(std::shared_ptr<const Chunk> chunk) {
  if (!partitioner_->IsOnePartition(*chunk)) return Scatter(*chunk);
  std::string key;
  partitioner_->AppendKey(*chunk, 0, key);
  Partition& partition = PartitionOf(key, *chunk, 0);
  SLUICE_TRY(FlushGathered(partition));
  return Write(partition, std::move(chunk));
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
  auto chunk = std::make_shared<Chunk>(std::move(*partition.gathered));
  chunk->SetRows(std::exchange(partition.gathered_rows, 0));
  partition.gathered.reset();
  return Write(partition, std::move(chunk));
}

Status ParquetTableWriter::Write(Partition& partition, std::shared_ptr<const Chunk> chunk) {
  if (!partition.open) SLUICE_TRY(Open(partition, *chunk));
  Output& output = *partition.open;
  const auto rows = static_cast<int64_t>(chunk->rows());
  SLUICE_ASSIGN(const int64_t bytes, output.stats.Add(*chunk));
  SLUICE_TRY(output.file->Push(std::move(chunk), bytes));
  output.group_rows += rows;
  output.buffered_bytes += bytes;
  if (output.group_rows >= output.row_group_rows) {
    output.group_rows = output.buffered_bytes = 0;
  }
  if (output.file->BytesOnDisk() >= options_.file_size_bytes) {
    SLUICE_TRY(Retire(partition, kMaxEnding));
  }
  return KeepMemoryLimit();
}

Status ParquetTableWriter::Open(Partition& partition, const Chunk& first) {
  if (OpenFiles() >= options_.max_open_files) SLUICE_TRY(Retire(Largest(), kMaxEnding));
  const int64_t share = options_.row_group_rows / (OpenFiles() + 1);
  const int64_t rows = std::max(share, std::min(options_.row_group_rows, kLeastGroupRows));
  SLUICE_ASSIGN(const int64_t bytes, ParquetStats(spool_->schema()).Add(first));
  const int64_t fit = options_.row_group_bytes / (bytes / static_cast<int64_t>(first.rows()) + 1);
  const ParquetFileOptions file_options{
      .row_group_rows = std::max(std::min(rows, fit), int64_t{kChunkRows}),
      .max_queued_chunks = options_.max_queued_chunks,
      .max_queued_bytes = options_.max_queued_bytes};
  SLUICE_ASSIGN(auto file, ParquetFile::Start(*spool_, file_options));
  partition.open = std::make_unique<Output>(std::move(file), ParquetStats(spool_->schema()),
                                            partition.values, file_options.row_group_rows);
  return {};
}

int64_t ParquetTableWriter::OpenFiles() const {
  return std::ranges::count_if(partitions_,
                               [](const auto& item) { return item.second->open != nullptr; });
}

ParquetTableWriter::Partition& ParquetTableWriter::Largest() {
  const auto rows = [](const auto& item) {
    return item.second->open ? item.second->open->stats.rows() : -1;
  };
  return *std::ranges::max_element(partitions_, {}, rows)->second;
}

Status ParquetTableWriter::KeepMemoryLimit() {
  int64_t bytes = 0;
  for (const auto& [key, partition] : partitions_) {
    if (partition->open) bytes += partition->open->buffered_bytes;
  }
  if (bytes < options_.max_buffered_bytes) return {};
  return Retire(Largest(), 0);
}

Status ParquetTableWriter::KeepPartitionLimit() {
  std::erase_if(partitions_,
                [](const auto& item) { return !item.second->open && !item.second->gathered; });
  while (static_cast<int64_t>(partitions_.size()) > options_.max_gathering) {
    const auto fullest = std::ranges::max_element(
        partitions_, {}, [](const auto& item) { return item.second->gathered_rows; });
    SLUICE_TRY(FlushGathered(*fullest->second));
    SLUICE_TRY(Retire(*fullest->second, kMaxEnding));
    partitions_.erase(fullest);
  }
  return {};
}

Status ParquetTableWriter::Retire(Partition& partition, int64_t max_ending) {
  if (!partition.open) return {};
  partition.open->file->End();
  ending_.push_back(std::move(partition.open));
  while (static_cast<int64_t>(ending_.size()) > max_ending) SLUICE_TRY(CollectOldest());
  return {};
}

Status ParquetTableWriter::CollectOldest() {
  const std::unique_ptr<Output> output = std::move(ending_.front());
  ending_.pop_front();
  SLUICE_ASSIGN(const ParquetFooter footer, output->file->Finish());
  FinishedFile& finished = finished_.emplace_back();
  finished.local = output->file->path();
  finished.file.partition = std::move(output->values);
  finished.file.record_count = footer.rows;
  finished.file.size_bytes = footer.size_bytes;
  finished.file.split_offsets = footer.split_offsets;
  SLUICE_ASSIGN(finished.file.columns, output->stats.Finish(footer));
  return {};
}

int64_t ParquetTableWriter::OpenBytes() const {
  int64_t most = 0;
  for (const auto& [key, partition] : partitions_) {
    if (partition->open) most = std::max(most, partition->open->file->BytesOnDisk());
  }
  for (const auto& output : ending_) most = std::max(most, output->file->BytesOnDisk());
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
    SLUICE_TRY(Retire(*partition, options_.max_open_files));
  }
  partitions_.clear();
  while (!ending_.empty()) SLUICE_TRY(CollectOldest());
  return std::exchange(finished_, {});
}

void ParquetTableWriter::Discard() {
  partitions_.clear();
  ending_.clear();
  std::error_code ignored;  // a file that is left behind harms nobody
  for (const auto& finished : finished_) std::filesystem::remove(finished.local.value, ignored);
  finished_.clear();
  failed_.reset();
}

}  // namespace sluice
