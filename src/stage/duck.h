#pragma once

#include <duckdb.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "core/result.h"
#include "stage/schema.h"

namespace sluice {

/// Owns one DuckDB C handle and gives it back by the library's own destroy call.
template <typename Handle, auto Destroy>
class DuckHandle {
 public:
  DuckHandle() = default;
  explicit DuckHandle(Handle handle) : handle_(handle) {}
  DuckHandle(DuckHandle&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  DuckHandle& operator=(DuckHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  DuckHandle(const DuckHandle&) = delete;
  DuckHandle& operator=(const DuckHandle&) = delete;
  ~DuckHandle() {
    if (handle_) Destroy(&handle_);
  }
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }
  explicit operator bool() const { return handle_ != Handle{}; }

 private:
  Handle handle_{};
};

using DuckType = DuckHandle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckConnectionHandle = DuckHandle<duckdb_connection, duckdb_disconnect>;
using DuckPrepared = DuckHandle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckValue = DuckHandle<duckdb_value, duckdb_destroy_value>;
using DuckTableFunction = DuckHandle<duckdb_table_function, duckdb_destroy_table_function>;
using DuckScalarFunction = DuckHandle<duckdb_scalar_function, duckdb_destroy_scalar_function>;

inline void DestroySelection(duckdb_selection_vector* selection) {
  duckdb_destroy_selection_vector(*selection);
}
using DuckSelection = DuckHandle<duckdb_selection_vector, DestroySelection>;

/// Owns a query's result; filled by duckdb_query and the like through `out()`.
class DuckResult {
 public:
  DuckResult() = default;
  DuckResult(DuckResult&& other) noexcept : result_(std::exchange(other.result_, {})) {}
  DuckResult& operator=(DuckResult&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  ~DuckResult() { duckdb_destroy_result(&result_); }
  duckdb_result* out() { return &result_; }
  duckdb_result& get() { return result_; }

 private:
  duckdb_result result_{};
};

/// One in-memory DuckDB of a worker: threads=1, UTC, no extension, no access to files but by COPY.
/// Outlives every connection and chunk made from it. Connections may be used in different threads,
/// one thread each.
class DuckEngine {
 public:
  static Result<std::unique_ptr<DuckEngine>> Make();
  ~DuckEngine();
  DuckEngine(const DuckEngine&) = delete;
  DuckEngine& operator=(const DuckEngine&) = delete;

  Result<DuckConnectionHandle> Connect();

 private:
  explicit DuckEngine(duckdb_database database) : database_(database) {}
  duckdb_database database_;
};

/// Returns the bytes that one value takes in a flat vector; a text's is its duckdb_string_t. Not
/// for structs.
size_t StoredBytes(const Type& type);

/// Runs one statement; FailsWith kFatal and DuckDB's message.
Result<DuckResult> DuckQuery(duckdb_connection connection, const std::string& sql);

/// Returns DuckDB's type for ours; list and struct with their children.
DuckType ToDuckType(const Type& type);

/// Returns our type for DuckDB's, or kInvalidConfig naming the type when product.md has none for
/// it (HUGEINT, TIME, UUID, ENUM, …). TINYINT and SMALLINT and unsigned ones are refused too: the
/// SQL should cast.
Result<Type> FromDuckType(duckdb_logical_type type);

}  // namespace sluice
