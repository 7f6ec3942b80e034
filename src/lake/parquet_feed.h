#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "stage/chunk.h"

namespace sluice {

/// Chunks on their way into one file: a bounded queue between the writer's thread and the file's.
class ParquetFeed {
 public:
  ParquetFeed(int64_t max_chunks, int64_t max_bytes)
      : max_chunks_(max_chunks), max_bytes_(max_bytes) {}

  /// Adds a chunk; waits while the queue is full. Returns false when the reader is gone.
  bool Push(std::shared_ptr<const Chunk> chunk, int64_t bytes);
  /// Says that no more chunks follow.
  void End();
  /// Makes the reader stop at its next chunk.
  void Cancel();

  /// Waits for the next chunk, which lives until the next call or Leave; null at the end. The
  /// reader's.
  const Chunk* Next();
  /// Returns whether the end came by Cancel. The reader's.
  bool IsCancelled() const;
  /// Says that the reader takes no more, and lets go of all chunks. The reader's.
  void Leave();

 private:
  struct Item {
    std::shared_ptr<const Chunk> chunk;
    int64_t bytes = 0;
  };

  const int64_t max_chunks_;
  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable has_room_;
  std::condition_variable has_news_;
  std::deque<Item> items_;
  int64_t bytes_ = 0;
  bool ended_ = false;
  bool cancelled_ = false;
  bool left_ = false;
  std::shared_ptr<const Chunk> current_;  ///< the reader's alone
};

}  // namespace sluice
