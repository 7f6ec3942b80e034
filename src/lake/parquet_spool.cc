#include "lake/parquet_spool.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "core/text.h"

namespace sluice {
namespace {

// `'addr': {__duckdb_field_id: 3, 'city': 4}` for each field.
std::string FieldIds(const std::vector<IcebergField>& fields) {
  std::vector<std::string> items;
  for (const auto& field : fields) {
    const std::string id = field.children.empty() ? fmt::format("{}", field.id)
                                                  : fmt::format("{{__duckdb_field_id: {}, {}}}",
                                                                field.id, FieldIds(field.children));
    items.push_back(QuoteLiteral(field.name) + ": " + id);
  }
  return Join(items, ", ");
}

template <typename T>
void DeleteShared(void* owned) {
  delete static_cast<std::shared_ptr<T>*>(owned);
}

void BindFeed(duckdb_bind_info info) {
  auto& feeds = **static_cast<std::shared_ptr<ParquetFeeds>*>(duckdb_bind_get_extra_info(info));
  const DuckValue number(duckdb_bind_get_parameter(info, 0));
  auto feed = feeds.Find(duckdb_get_uint64(number.get()));
  if (!feed) return duckdb_bind_set_error(info, "this function serves the lake's files only");
  for (const auto& field : feeds.schema().fields) {
    const DuckType type = ToDuckType(field.type);
    duckdb_bind_add_result_column(info, field.name.c_str(), type.get());
  }
  duckdb_bind_set_bind_data(info, new std::shared_ptr<ParquetFeed>(std::move(feed)),
                            DeleteShared<ParquetFeed>);
}

void InitFeed(duckdb_init_info info) {
  duckdb_init_set_max_threads(info, 1);
}

void ReadFeed(duckdb_function_info info, duckdb_data_chunk output) {
  auto& feed = **static_cast<std::shared_ptr<ParquetFeed>*>(duckdb_function_get_bind_data(info));
  // DuckDB copied the last chunk's rows before it asked again, so the feed may let go of them.
  const Chunk* chunk = feed.Next();
  if (chunk == nullptr) {
    if (feed.IsCancelled()) duckdb_function_set_error(info, "discarded");
    return duckdb_data_chunk_set_size(output, 0);
  }
  for (size_t i = 0; i < chunk->columns(); ++i) {
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, i), chunk->column(i));
  }
  duckdb_data_chunk_set_size(output, chunk->rows());
}

Status RegisterFeeds(duckdb_connection connection, const std::string& name,
                     const std::shared_ptr<ParquetFeeds>& feeds) {
  const DuckTableFunction function(duckdb_create_table_function());
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT));
  duckdb_table_function_set_name(function.get(), name.c_str());
  duckdb_table_function_add_parameter(function.get(), number.get());
  duckdb_table_function_set_extra_info(function.get(), new std::shared_ptr<ParquetFeeds>(feeds),
                                       DeleteShared<ParquetFeeds>);
  duckdb_table_function_set_bind(function.get(), BindFeed);
  duckdb_table_function_set_init(function.get(), InitFeed);
  duckdb_table_function_set_function(function.get(), ReadFeed);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBSuccess) return {};
  return Fail(ErrorKind::kFatal, "DuckDB took no table function named " + name);
}

// Functions of an engine cannot be dropped, so each gets a name of its own.
std::string NextFunctionName() {
  static std::atomic<uint64_t> last{0};
  return fmt::format("sluice_parquet_feed_{}", ++last);
}

}  // namespace

uint64_t ParquetFeeds::Add(std::shared_ptr<ParquetFeed> feed) {
  const std::scoped_lock lock(mutex_);
  feeds_.emplace(++last_, std::move(feed));
  return last_;
}

std::shared_ptr<ParquetFeed> ParquetFeeds::Find(uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = feeds_.find(number);
  return found == feeds_.end() ? nullptr : found->second;
}

void ParquetFeeds::Remove(uint64_t number) {
  const std::scoped_lock lock(mutex_);
  feeds_.erase(number);
}

ParquetSpool::ParquetSpool(DuckEngine& engine, std::shared_ptr<ParquetFeeds> feeds,
                           std::string folder, std::string function, int32_t compression_level)
    : engine_(engine),
      feeds_(std::move(feeds)),
      folder_(std::move(folder)),
      function_(std::move(function)),
      compression_level_(compression_level) {}

Result<std::unique_ptr<ParquetSpool>> ParquetSpool::Make(DuckEngine& engine,
                                                         const IcebergSchema& schema,
                                                         std::string folder,
                                                         int32_t compression_level) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    return Fail(ErrorKind::kFatal, fmt::format("cannot make the folder for Parquet files: {}: {}",
                                               folder, failed.message()));
  }
  SLUICE_ASSIGN(const DuckConnectionHandle connection, engine.Connect());
  // Each footer that is read back would stay in that cache, 8 KiB a file, for ever.
  SLUICE_TRY(DuckQuery(connection.get(), "SET GLOBAL enable_external_file_cache = false"));
  auto feeds = std::make_shared<ParquetFeeds>(schema);
  std::string function = NextFunctionName();
  SLUICE_TRY(RegisterFeeds(connection.get(), function, feeds));
  return std::unique_ptr<ParquetSpool>(new ParquetSpool(engine, std::move(feeds), std::move(folder),
                                                        std::move(function), compression_level));
}

// A column of many values gives up its dictionary early: building one costs, and pays little when
// zstd follows. A dictionary answers what a Bloom filter would, and DuckDB writes those for
// dictionaries only. Together a tenth of the writing.
std::string ParquetSpool::CopySql(uint64_t feed, const LocalPath& path,
                                  int64_t row_group_rows) const {
  return fmt::format(
      "COPY (SELECT * FROM {}({}::UBIGINT)) TO {} (FORMAT parquet, COMPRESSION zstd, "
      "COMPRESSION_LEVEL {}, DICTIONARY_SIZE_LIMIT 4096, WRITE_BLOOM_FILTER false, "
      "ROW_GROUP_SIZE {}, USE_TMP_FILE false, FIELD_IDS {{{}}})",
      function_, feed, QuoteLiteral(path.value), compression_level_, row_group_rows,
      FieldIds(schema().fields));
}

}  // namespace sluice
