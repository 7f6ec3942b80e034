#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace sluice {

/// Rows of a `COPY … (FORMAT binary)`, in large blocks that are kept for the next batch.
class CopyData {
 public:
  /// Returns room for `bytes` in one piece; it counts as filled.
  char* Extend(size_t bytes);
  void AddRows(size_t rows) { rows_ += static_cast<int64_t>(rows); }
  int64_t rows() const { return rows_; }
  /// Returns all of it with the format's header and trailer; valid until the next change.
  std::vector<std::string_view> Buffers() const;
  /// Forgets the rows, keeps the memory of the largest usual batch.
  void Clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0, used = 0;
  };
  std::vector<Block> blocks_;
  size_t filling_ = 0;  ///< index of the block that is filled now
  int64_t rows_ = 0;
};

/// What one table takes in a commit; views into a CopyData.
struct EncodedRows {
  std::vector<std::string_view> copy;  ///< the whole of a COPY
  int64_t count = 0;                   ///< of its rows
  /// Another COPY, or empty: rows of an upsert that others of the batch take the place of. They are
  /// only read, so that what PostgreSQL refuses does not depend on where a batch ends.
  std::vector<std::string_view> superseded{};
};

/// Wraps slices of encoded rows in the format's header and trailer.
std::vector<std::string_view> AsCopy(std::vector<std::string_view> slices);

/// Buffers between two uses. Thread-safe.
class CopyDataPool {
 public:
  std::unique_ptr<CopyData> Take();
  void GiveBack(std::unique_ptr<CopyData> data);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<CopyData>> free_;
};

}  // namespace sluice
