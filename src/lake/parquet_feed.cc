#include "lake/parquet_feed.h"

#include <utility>

namespace sluice {

bool ParquetFeed::Push(std::shared_ptr<const Chunk> chunk, int64_t bytes) {
  std::unique_lock lock(mutex_);
  has_room_.wait(lock, [&] {
    const bool full = static_cast<int64_t>(items_.size()) >= max_chunks_ || bytes_ >= max_bytes_;
    return left_ || !full;
  });
  if (left_) return false;
  items_.push_back({std::move(chunk), bytes});
  bytes_ += bytes;
  has_news_.notify_one();
  return true;
}

void ParquetFeed::End() {
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  has_news_.notify_one();
}

void ParquetFeed::Cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  has_news_.notify_one();
}

const Chunk* ParquetFeed::Next() {
  current_.reset();  // outside the lock: this may free a whole batch
  std::unique_lock lock(mutex_);
  has_news_.wait(lock, [&] { return cancelled_ || ended_ || !items_.empty(); });
  if (cancelled_ || items_.empty()) return nullptr;
  current_ = std::move(items_.front().chunk);
  bytes_ -= items_.front().bytes;
  items_.pop_front();
  has_room_.notify_one();
  return current_.get();
}

bool ParquetFeed::IsCancelled() const {
  const std::scoped_lock lock(mutex_);
  return cancelled_;
}

void ParquetFeed::Leave() {
  current_.reset();
  std::deque<Item> dropped;
  const std::scoped_lock lock(mutex_);
  left_ = true;
  dropped.swap(items_);
  has_room_.notify_all();
}

}  // namespace sluice
