#include "lake/parquet_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice {
namespace {

std::unexpected<Error> CannotWrite(const std::string& folder, int error) {
  const bool usable = access(folder.c_str(), W_OK) == 0;
  return Fail(usable ? ErrorKind::kRetryable : ErrorKind::kFatal,
              fmt::format("cannot write a Parquet file: {}", std::strerror(error)),
              "sluice needs room and the right to write in " + folder);
}

}  // namespace

Result<std::unique_ptr<ParquetFile>> ParquetFile::Make(const IcebergSchema& schema,
                                                       std::string folder,
                                                       const ParquetFileOptions& options) {
  LocalPath path{fmt::format("{}/{}.parquet", folder, Uuid::Random().value)};
  const int descriptor = open(path.value.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return CannotWrite(folder, errno);
  std::unique_ptr<ParquetFile> file(
      new ParquetFile(schema, std::move(path), std::move(folder), descriptor, options));
  SLUICE_TRY(file->Write(kParquetMagic));
  return file;
}

ParquetFile::ParquetFile(const IcebergSchema& schema, LocalPath path, std::string folder,
                         int descriptor, const ParquetFileOptions& options)
    : schema_(schema),
      path_(std::move(path)),
      folder_(std::move(folder)),
      handle_(descriptor),
      options_(options),
      leaves_(LeavesOf(schema)),
      press_(options.compression_level),
      stats_(schema),
      group_stats_(schema) {
  columns_.reserve(leaves_.size());
  for (const ParquetLeaf& leaf : leaves_) {
    columns_.emplace_back(leaf, static_cast<size_t>(options.page_bytes));
  }
}

ParquetFile::~ParquetFile() {
  std::error_code ignored;  // a file that is left behind harms nobody
  if (!returned_) std::filesystem::remove(path_.value, ignored);
}

Status ParquetFile::Append(const Chunk& chunk) {
  SLUICE_TRY(group_stats_.Add(chunk));
  group_bytes_ = 0;
  buffered_bytes_ = press_.RoomBytes();
  for (ParquetColumn& column : columns_) {
    SLUICE_TRY(column.Append(chunk.column(column.leaf().column), chunk.rows(), press_));
    group_bytes_ += column.EncodedBytes();
    buffered_bytes_ += column.BufferedBytes();
  }
  const bool is_full =
      group_stats_.rows() >= options_.row_group_rows || group_bytes_ >= options_.row_group_bytes;
  return is_full ? EndRowGroup() : Status();
}

Status ParquetFile::EndRowGroup() {
  if (group_stats_.rows() == 0) return {};
  RowGroup group{.rows = group_stats_.rows(), .offset = written_bytes_};
  for (size_t i = 0; i < columns_.size(); ++i) {
    ParquetColumn& column = columns_[i];
    group.chunks.push_back(column.Finish(press_));
    group.bounds.push_back(group_stats_.BoundsOf(i));
    SLUICE_TRY(Write(column.dictionary()));
    SLUICE_TRY(Write(column.pages()));
    column.Clear();
  }
  groups_.push_back(std::move(group));
  stats_.Merge(group_stats_);
  group_stats_ = ParquetStats(schema_);
  group_bytes_ = 0;
  return {};
}

Status ParquetFile::Write(std::string_view bytes) {
  written_bytes_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const ssize_t written = write(handle_.get(), bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return CannotWrite(folder_, errno);
    }
  }
  return {};
}

ParquetTotals ParquetFile::Totals() const {
  ParquetTotals totals{.leaves = std::vector<ParquetTotals::Leaf>(leaves_.size())};
  for (const RowGroup& group : groups_) {
    totals.rows += group.rows;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      totals.leaves[i].values += group.chunks[i].values;
      totals.leaves[i].nulls += group.chunks[i].nulls;
      totals.leaves[i].size_bytes += group.chunks[i].packed_bytes;
    }
  }
  return totals;
}

Result<DataFile> ParquetFile::Finish() {
  SLUICE_TRY(EndRowGroup());
  ByteBuffer footer;
  AppendFooter(schema_, leaves_, groups_, footer);
  SLUICE_TRY(Write(footer.view()));
  struct stat found{};
  if (fstat(handle_.get(), &found) != 0) return CannotWrite(folder_, errno);
  if (found.st_nlink == 0) return CannotWrite(folder_, ENOENT);
  if (found.st_size != written_bytes_) {
    return Fail(ErrorKind::kInvariant,
                fmt::format("a Parquet file has {} bytes, not the {} that were written",
                            found.st_size, written_bytes_));
  }
  DataFile file;
  file.record_count = stats_.rows();
  file.size_bytes = written_bytes_;
  for (const RowGroup& group : groups_) file.split_offsets.push_back(group.offset);
  SLUICE_ASSIGN(file.columns, stats_.Finish(Totals()));
  returned_ = true;
  return file;
}

}  // namespace sluice
