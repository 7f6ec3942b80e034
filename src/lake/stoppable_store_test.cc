#include "lake/stoppable_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lake/folder_store.h"

namespace sluice {
namespace {

TEST(StoppableStoreTest, EndsWorkBetweenTwoCalls) {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("sluice-stoppable-" + Uuid::Random().value);
  const std::string root = "file://" + folder;
  const auto inner = *FolderStore::Make(root);
  std::stop_source stop;
  StoppableStore store(*inner, stop.get_token());
  const SteadyTime soon = Now() + std::chrono::minutes(1);
  const RemotePath path{root + "/x"};
  ASSERT_TRUE(store.Put(path, "abc", soon).has_value());
  EXPECT_EQ(*store.Get(path, 10, soon), "abc");
  EXPECT_EQ(*store.GetRange(path, 1, 1, soon), "b");
  EXPECT_EQ(*store.Head(path, soon), 3);
  EXPECT_EQ(store.List({root}, soon)->size(), 1U);

  stop.request_stop();
  const auto is_stopped = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::kShutdown;
  };
  EXPECT_TRUE(is_stopped(store.Put({root + "/y"}, "abc", soon)));
  EXPECT_TRUE(is_stopped(store.PutFile({folder + "/x"}, {root + "/y"}, soon)));
  EXPECT_TRUE(is_stopped(store.Get(path, 10, soon)));
  EXPECT_TRUE(is_stopped(store.GetRange(path, 1, 1, soon)));
  EXPECT_TRUE(is_stopped(store.Head(path, soon)));
  EXPECT_TRUE(is_stopped(store.List({root}, soon)));
  EXPECT_TRUE(is_stopped(store.Delete(path, soon)));
  EXPECT_TRUE(is_stopped(store.Check({root}, soon)));
  EXPECT_EQ(inner->List({root}, soon)->size(), 1U) << "neither made nor removed";
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sluice
