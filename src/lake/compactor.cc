#include "lake/compactor.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/failpoint.h"
#include "lake/local_files.h"
#include "lake/parquet_writer.h"
#include "lake/remote_names.h"
#include "lake/scan.h"
#include "lake/schema_read.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kUploadBase{60};
constexpr int64_t kSlowestBytesPerSecond = 1 << 20;

// It works beside a stream that has the memory: one file at a time, of small row groups.
ParquetOptions WriterOptions(int64_t target_file_bytes) {
  return {.file_size_bytes = target_file_bytes, .row_group_bytes = 8 << 20, .max_open_files = 1};
}

Status CheckPartition(const CompactionBin& bin, const DataFile& file) {
  bool same = file.partition.size() == bin.partition.size();
  for (size_t i = 0; same && i < bin.partition.size(); ++i) {
    same = file.partition[i].bytes == bin.partition[i];
  }
  if (same) return {};
  return Fail(ErrorKind::kInvariant,
              fmt::format("rows of `{}` or of one beside it lie in another partition than their "
                          "manifest says",
                          bin.files[0].path.value),
              "rewrite the table with the engine that wrote the file");
}

}  // namespace

Result<TableRewrite> Compactor::Run(const TableName& name, const TableMetadata& metadata,
                                    const CompactionJob& job) {
  const auto context = ContextOf(metadata, job.spec_id);
  if (!context) {
    return Fail(
        ErrorKind::kInvalidConfig,
        fmt::format("the lake table {} is split in a way that sluice cannot write", name.Full()));
  }
  SLUICE_TRY(CheckNestedNames(metadata.schemas()));
  SLUICE_ASSIGN(const IcebergSchema schema, ReadSchema(metadata.CurrentSchema()));
  SLUICE_ASSIGN(const auto writer,
                ParquetTableWriter::Make(schema, context->spec,
                                         options_.spool_folder + "/" + Uuid::Random().value,
                                         WriterOptions(options_.target_file_bytes)));
  TableRewrite rewrite{.table = name, .table_uuid = metadata.uuid, .context = *context};
  for (const CompactionBin& bin : job.bins) {
    SLUICE_TRY(CopyRows(*writer, schema, bin));
    SLUICE_ASSIGN(std::vector<FinishedFile> files, writer->Close());
    SLUICE_TRY(Upload(metadata, bin, std::move(files), rewrite));
    for (const LiveFile& file : bin.files) rewrite.removed.insert(file.path.value);
  }
  return rewrite;
}

Status Compactor::CopyRows(ParquetTableWriter& writer, const IcebergSchema& schema,
                           const CompactionBin& bin) {
  SLUICE_ASSIGN(const DuckConnectionHandle duck, engine_.Connect());
  const auto copy = [&](const LiveFile& file, const std::string& local) -> Status {
    DuckPrepared prepared;
    DuckResult result;
    const std::string sql = ScanByIdSql(schema, local);
    if (duckdb_prepare(duck.get(), sql.c_str(), prepared.out()) != DuckDBSuccess) {
      return Fail(ErrorKind::kFatal, fmt::format("cannot read `{}`: {}", file.path.value,
                                                 duckdb_prepare_error(prepared.get())));
    }
    int64_t rows = 0;
    if (duckdb_execute_prepared_streaming(prepared.get(), result.out()) == DuckDBSuccess) {
      while (duckdb_data_chunk data = duckdb_fetch_chunk(result.get())) {
        const Chunk chunk(data);
        rows += static_cast<int64_t>(chunk.rows());
        if (options_.stop.stop_requested()) {
          return Fail(ErrorKind::kShutdown, "stopped while files were compacted");
        }
        if (chunk.rows() > 0) SLUICE_TRY(writer.Append(std::span(&chunk, 1)));
      }
    }
    if (const char* message = duckdb_result_error(result.out()); message != nullptr) {
      return Fail(ErrorKind::kFatal, fmt::format("cannot read `{}`: {}", file.path.value, message));
    }
    if (rows != file.record_count) {
      return Fail(ErrorKind::kInvariant, fmt::format("`{}` holds {} rows, but {} in its manifest",
                                                     file.path.value, rows, file.record_count));
    }
    bytes_ += file.size_bytes;
    options_.on_bytes(bytes_);
    SLUICE_FAILPOINT("compact_file");
    return {};
  };
  return VisitFiles(bin.files, store_, options_.spool_folder, copy);
}

Status Compactor::Upload(const TableMetadata& metadata, const CompactionBin& bin,
                         std::vector<FinishedFile> files, TableRewrite& rewrite) {
  for (FinishedFile& next : files) {
    SLUICE_TRY(CheckPartition(bin, next.file));
    next.file.path = NewDataFile(metadata.location, rewrite.context.spec, next.file.partition);
    const SteadyTime deadline =
        Now() + kUploadBase + std::chrono::seconds(next.file.size_bytes / kSlowestBytesPerSecond);
    SLUICE_TRY(store_.PutFile(next.local, next.file.path, deadline));
    std::error_code ignored;  // the folder goes as a whole
    std::filesystem::remove(next.local.value, ignored);
    rewrite.added.push_back(std::move(next.file));
  }
  return {};
}

}  // namespace sluice
