#include "lake/parquet_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/thread.h"

namespace sluice {

Result<std::unique_ptr<ParquetFile>> ParquetFile::Start(const ParquetSpool& spool,
                                                        const ParquetFileOptions& options) {
  SLUICE_ASSIGN(DuckConnectionHandle connection, spool.Connect());
  LocalPath path{fmt::format("{}/{}.parquet", spool.folder(), Uuid::Random().value)};
  std::unique_ptr<ParquetFile> file(
      new ParquetFile(spool, std::move(path), std::move(connection), options));
  SLUICE_ASSIGN(file->thread_, StartThread("a Parquet file", [raw = file.get()] { raw->Run(); }));
  return file;
}

ParquetFile::ParquetFile(const ParquetSpool& spool, LocalPath path, DuckConnectionHandle connection,
                         const ParquetFileOptions& options)
    : spool_(spool),
      path_(std::move(path)),
      connection_(std::move(connection)),
      feed_(std::make_shared<ParquetFeed>(options.max_queued_chunks, options.max_queued_bytes)),
      feed_number_(spool.feeds().Add(feed_)),
      row_group_rows_(options.row_group_rows) {}

ParquetFile::~ParquetFile() {
  feed_->Cancel();
  if (thread_.joinable()) thread_.join();
  spool_.feeds().Remove(feed_number_);
  std::error_code ignored;  // a file that is left behind harms nobody
  if (!returned_) std::filesystem::remove(path_.value, ignored);
}

Status ParquetFile::Push(std::shared_ptr<const Chunk> chunk, int64_t bytes) {
  if (feed_->Push(std::move(chunk), bytes)) return {};
  if (thread_.joinable()) thread_.join();
  if (outcome_->has_value()) {
    return Fail(ErrorKind::kInvariant, "rows came after a Parquet file's end");
  }
  return Fail(outcome_->error());
}

Result<ParquetFooter> ParquetFile::Finish() {
  End();
  if (thread_.joinable()) thread_.join();
  returned_ = outcome_->has_value();
  return *outcome_;
}

int64_t ParquetFile::BytesOnDisk() const {
  std::error_code failed;  // not there yet
  const auto size = std::filesystem::file_size(path_.value, failed);
  return failed ? 0 : static_cast<int64_t>(size);
}

void ParquetFile::Run() {
  try {
    outcome_ = Write();
  } catch (...) {
    outcome_ = Fail(ErrorKind::kFatal, "a Parquet file's thread threw");
  }
  feed_->Leave();
}

Result<ParquetFooter> ParquetFile::Write() {
  SLUICE_TRY(Copy());
  return ReadParquetFooter(connection_.get(), path_);
}

Status ParquetFile::Copy() {
  DuckResult result;
  const std::string sql = spool_.CopySql(feed_number_, path_, row_group_rows_);
  if (duckdb_query(connection_.get(), sql.c_str(), result.out()) == DuckDBSuccess) return {};
  const char* message = duckdb_result_error(result.out());
  const duckdb_error_type type = duckdb_result_error_type(result.out());
  const bool scarce = type == DUCKDB_ERROR_IO || type == DUCKDB_ERROR_OUT_OF_MEMORY;
  const bool usable = access(spool_.folder().c_str(), W_OK) == 0;
  return Fail(scarce && usable ? ErrorKind::kRetryable : ErrorKind::kFatal,
              fmt::format("cannot write a Parquet file: {}", message ? message : "no message"),
              "sluice needs room and the right to write in " + spool_.folder());
}

}  // namespace sluice
