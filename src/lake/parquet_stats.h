#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "lake/data_file.h"
#include "lake/parquet_footer.h"
#include "lake/parquet_scan.h"
#include "lake/table_schema.h"
#include "stage/chunk.h"

namespace sluice {

/// What was written of a file.
struct ParquetTotals {
  struct Leaf {
    int64_t values = 0;  ///< nulls included
    int64_t nulls = 0;
    int64_t size_bytes = 0;
  };
  int64_t rows = 0;
  std::vector<Leaf> leaves{};  ///< in the schema's depth-first order
};

/// Exact statistics of a file or of a part of one, from the typed values in hand as they are added.
/// Columns inside a list have counts and sizes, but no bounds.
class ParquetStats {
 public:
  explicit ParquetStats(const IcebergSchema& schema);

  /// Counts a chunk of flat vectors in the schema's layout. FailsWith kInvariant for an infinite
  /// date or time, which no other engine could read, and for a null struct whose children are not
  /// all null: nobody could tell whether its values count.
  Status Add(const Chunk& chunk);
  /// Adds what another part of the file has.
  void Merge(const ParquetStats& other);
  int64_t rows() const { return rows_; }
  /// Returns the bounds of the `index`th leaf, for a row group.
  std::optional<LeafBounds> BoundsOf(size_t index) const;
  /// Returns each leaf's statistics, in depth-first order. FailsWith kInvariant when other rows or
  /// nulls were written.
  Result<std::vector<ColumnStats>> Finish(const ParquetTotals& written) const;

 private:
  /// Bits of rows that have a value, as in DuckDB; a null pointer: all.
  using Mask = const uint64_t*;

  struct Leaf {
    ParquetLeaf place;
    bool InList() const { return place.max_repetition > 0; }
    int64_t nulls = 0;
    int64_t nans = 0;
    Extremes<Int128> integers{};
    Extremes<double> floats{};
    std::optional<TextRange> texts{};
  };

  void Scan(const IcebergField& field, duckdb_vector column, size_t rows);
  static int64_t ScanLeaf(Leaf& leaf, const Type& type, duckdb_vector column, Mask mask,
                          size_t rows);
  static ColumnStats Describe(const Leaf& leaf, const ParquetTotals::Leaf& written);
  bool HasInfinity() const;

  std::vector<IcebergField> fields_;
  std::vector<Leaf> leaves_;
  size_t next_leaf_ = 0;      ///< of the chunk being scanned
  bool hides_value_ = false;  ///< a null struct had children that were not null
  int64_t rows_ = 0;
};

}  // namespace sluice
