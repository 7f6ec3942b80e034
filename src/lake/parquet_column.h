#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "lake/byte_buffer.h"
#include "lake/parquet_dictionary.h"
#include "lake/parquet_levels.h"
#include "lake/parquet_schema.h"
#include "lake/zstd_packer.h"

namespace sluice {

/// Numbers of Parquet's encodings.
enum class Encoding : uint8_t { kPlain = 0, kRle = 3, kRleDictionary = 8 };

/// What the footer says of one leaf in one row group.
struct ColumnChunk {
  int64_t values = 0;  ///< nulls and empty lists included
  int64_t nulls = 0;
  int64_t plain_bytes = 0;       ///< of all pages with their headers, before compression
  int64_t packed_bytes = 0;      ///< after it: what they take in the file
  int64_t dictionary_bytes = 0;  ///< packed, of the page that comes first; 0: there is none
  bool has_plain = false;        ///< some data pages are not numbers of a dictionary
};

/// What the columns of a file, one after the other, pack a page with.
struct PagePress {
  explicit PagePress(int32_t level) : zstd(level) {}
  int64_t RoomBytes() const {
    return static_cast<int64_t>(page.room() + levels.room() + packed.room());
  }
  ZstdPacker zstd;
  ByteBuffer page, levels, packed;
};

/// Encodes one leaf's values, a row group at a time, in pages that are compressed as soon as they
/// are full. It begins with a dictionary and gives it up, for the rest of the file too, when values
/// hardly repeat; zstd finds what is left.
class ParquetColumn {
 public:
  static constexpr size_t kPageValues = 32'768;
  /// A dictionary of more values, or of fewer than two uses each, is given up.
  static constexpr uint32_t kMaxDictionary = 4'096;

  /// `page_bytes`: about, before compression.
  ParquetColumn(ParquetLeaf leaf, size_t page_bytes);

  const ParquetLeaf& leaf() const { return leaf_; }
  /// Encodes the first `rows` of the flat vector of the leaf's top-level column; keeps nothing that
  /// it points to. FailsWith kInvariant for a value that no page can hold.
  Status Append(duckdb_vector top, size_t rows, PagePress& press);
  /// Returns the bytes that the row group has so far, its last page not yet packed.
  int64_t EncodedBytes() const;
  /// Returns the bytes in memory.
  int64_t BufferedBytes() const;
  /// Ends the row group's last page. What it returns describes dictionary() and pages(), which
  /// follow one another in the file.
  ColumnChunk Finish(PagePress& press);
  std::string_view dictionary() const { return dictionary_page_.view(); }
  std::string_view pages() const { return pages_.view(); }
  /// Begins the next row group.
  void Clear();

 private:
  Status AppendSlots(PagePress& press);
  void TakeLevels();
  void TakeValues();
  void AppendPlain();
  bool IsDictionaryWorthless() const;
  void EndPage(PagePress& press);
  void AppendLevels(PagePress& press);
  void EndDictionary(PagePress& press);
  void PackPage(bool is_dictionary, Encoding encoding, size_t values, PagePress& press,
                ByteBuffer& to);

  const ParquetLeaf leaf_;
  const size_t page_bytes_;
  const size_t slice_rows_;
  ColumnChunk chunk_;
  bool uses_dictionary_;
  ParquetDictionary dictionary_;
  // The page at hand.
  size_t page_values_ = 0;
  std::vector<uint8_t> definitions_{};  ///< empty: all values are there
  std::vector<uint8_t> repetitions_{};
  std::vector<uint32_t> numbers_{};  ///< in the dictionary
  ByteBuffer plain_;
  uint8_t bits_ = 0;  ///< booleans that do not fill a byte yet
  uint32_t held_bits_ = 0;
  // The row group's pages, packed.
  ByteBuffer dictionary_page_, pages_;
  LeafSlots slots_;
};

}  // namespace sluice
