#pragma once

#include <duckdb.h>

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "core/types.h"

namespace sluice {

/// What a Parquet file's own footer says.
struct ParquetFooter {
  struct Leaf {
    int64_t values = 0;  ///< nulls included
    int64_t nulls = 0;
    int64_t size_bytes = 0;
  };
  int64_t rows = 0;
  int64_t size_bytes = 0;                ///< of the whole file
  std::vector<Leaf> leaves{};            ///< in the schema's depth-first order
  std::vector<int64_t> split_offsets{};  ///< where each row group starts
};

/// Reads the footer back from the disk. FailsWith kInvariant when it lacks what we always write.
Result<ParquetFooter> ReadParquetFooter(duckdb_connection connection, const LocalPath& path);

}  // namespace sluice
