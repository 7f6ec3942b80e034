#include "lake/parquet_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sluice {
namespace {

std::shared_ptr<const Chunk> Rows(size_t rows) {
  Chunk chunk = Chunk::Make(Schema{{{"n", {.kind = TypeKind::kInt}}}});
  chunk.SetRows(rows);
  return std::make_shared<const Chunk>(std::move(chunk));
}

TEST(ParquetFeedTest, BringsChunksInOrderAndThenItsEnd) {
  ParquetFeed feed(8, 1'000);
  for (size_t rows : {1, 2, 3}) EXPECT_TRUE(feed.Push(Rows(rows), 10));
  feed.End();
  for (size_t rows : {1, 2, 3}) EXPECT_EQ(feed.Next()->rows(), rows);
  EXPECT_EQ(feed.Next(), nullptr);
  EXPECT_FALSE(feed.IsCancelled());
}

TEST(ParquetFeedTest, LetsGoOfAChunkWhenTheNextIsAskedFor) {
  ParquetFeed feed(8, 1'000);
  auto rows = Rows(1);
  const std::weak_ptr<const Chunk> watched = rows;
  EXPECT_TRUE(feed.Push(std::move(rows), 10));
  feed.End();
  feed.Next();
  EXPECT_FALSE(watched.expired());
  feed.Next();
  EXPECT_TRUE(watched.expired());
}

TEST(ParquetFeedTest, AFullQueueMakesTheWriterWait) {
  for (const auto& [chunks, bytes] : {std::pair{2, 1'000'000}, std::pair{1'000, 200}}) {
    ParquetFeed feed(chunks, bytes);
    std::atomic<int> pushed{0};
    std::jthread writer([&] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(feed.Push(Rows(1), 100));
        ++pushed;
      }
      feed.End();
    });
    int taken = 0;
    while (feed.Next() != nullptr) {
      ++taken;
      EXPECT_LE(pushed.load(), taken + 3);
    }
    EXPECT_EQ(taken, 100);
  }
}

TEST(ParquetFeedTest, AReaderThatLeavesFreesAWaitingWriterAndAllChunks) {
  ParquetFeed feed(1, 1'000);
  auto rows = Rows(1);
  const std::weak_ptr<const Chunk> watched = rows;
  EXPECT_TRUE(feed.Push(std::move(rows), 10));
  std::jthread writer([&] { EXPECT_FALSE(feed.Push(Rows(1), 10)); });
  feed.Leave();
  writer.join();
  EXPECT_TRUE(watched.expired());
  EXPECT_FALSE(feed.Push(Rows(1), 10));
}

TEST(ParquetFeedTest, CancelReachesAWaitingReaderBeforeQueuedRows) {
  ParquetFeed feed(4, 1'000);
  std::jthread canceller([&] { feed.Cancel(); });
  EXPECT_EQ(feed.Next(), nullptr);
  EXPECT_TRUE(feed.IsCancelled());
  EXPECT_TRUE(feed.Push(Rows(1), 10));
  EXPECT_EQ(feed.Next(), nullptr);
}

}  // namespace
}  // namespace sluice
