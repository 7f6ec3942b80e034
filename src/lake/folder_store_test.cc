#include "lake/folder_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sluice {
namespace {

SteadyTime Soon() {
  return Now() + std::chrono::minutes(1);
}

class FolderStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("sluice-store-" + Uuid::Random().value);
    root_ = "file://" + folder_ + "/lake";
    store_ = *FolderStore::Make(root_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RemotePath At(const std::string& name) const { return {root_ + "/" + name}; }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const auto found = store_->List({root_}, Soon());
    for (const ObjectInfo& info : *found) {
      names.push_back(info.path.value.substr(root_.size()));
    }
    return names;
  }

  std::string folder_;
  std::string root_;
  std::unique_ptr<FolderStore> store_;
};

TEST_F(FolderStoreTest, GivesBackWhatWasPut) {
  const std::string bytes("\0binary\xFF", 8);
  ASSERT_TRUE(store_->Put(At("a/b=c%2Fd/日 本.x"), bytes, Soon()).has_value());
  EXPECT_EQ(*store_->Get(At("a/b=c%2Fd/日 本.x"), 100, Soon()), bytes);
  EXPECT_EQ(*store_->Head(At("a/b=c%2Fd/日 本.x"), Soon()), 8);
  EXPECT_EQ(*store_->GetRange(At("a/b=c%2Fd/日 本.x"), 1, 3, Soon()), "bin");
  EXPECT_EQ(store_->GetRange(At("a/b=c%2Fd/日 本.x"), 6, 30, Soon())->size(), 2U);
  // An address is a name byte for byte; nothing is decoded.
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/lake/a/b=c%2Fd/日 本.x"));
  EXPECT_EQ(Names(), std::vector<std::string>{"/a/b=c%2Fd/日 本.x"});
}

TEST_F(FolderStoreTest, NeverOverwrites) {
  ASSERT_TRUE(store_->Put(At("x"), "first", Soon()).has_value());
  EXPECT_TRUE(store_->Put(At("x"), "first", Soon()).has_value());
  const Status second = store_->Put(At("x"), "second", Soon());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, kAlreadyExists);
  EXPECT_EQ(*store_->Get(At("x"), 100, Soon()), "first");
  EXPECT_EQ(Names().size(), 1U) << "a temporary file was left";
}

TEST_F(FolderStoreTest, OneOfManyWritersWins) {
  for (int round = 0; round < 10; ++round) {
    const RemotePath path = At("race/" + std::to_string(round));
    std::atomic<int> winners = 0;
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 8; ++writer) {
      writers.emplace_back([&, writer] {
        if (store_->Put(path, "writer " + std::to_string(writer), Soon())) ++winners;
      });
    }
    writers.clear();
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(FolderStoreTest, CopiesFiles) {
  const std::string local = folder_ + "/local";
  const std::string bytes(3'000'000, 'x');
  std::ofstream(local) << bytes;
  ASSERT_TRUE(store_->PutFile({local}, At("copy"), Soon()).has_value());
  EXPECT_EQ(*store_->Get(At("copy"), 10'000'000, Soon()), bytes);
  EXPECT_TRUE(std::filesystem::exists(local));
  EXPECT_TRUE(store_->PutFile({local}, At("copy"), Soon()).has_value()) << "after a lost reply";
  ASSERT_TRUE(store_->Put(At("taken"), "other", Soon()).has_value());
  EXPECT_EQ(store_->PutFile({local}, At("taken"), Soon()).error().code, kAlreadyExists);
  EXPECT_EQ(store_->PutFile({folder_ + "/none"}, At("y"), Soon()).error().code, kNotFound);
  EXPECT_EQ(store_->Head(At("y"), Soon()).error().code, kNotFound);
}

TEST_F(FolderStoreTest, KeepsLimits) {
  ASSERT_TRUE(store_->Put(At("x"), "12345", Soon()).has_value());
  EXPECT_FALSE(store_->Get(At("x"), 4, Soon()).has_value());
  EXPECT_EQ(store_->Get(At("x"), 100, Now() - std::chrono::seconds(1)).error().kind,
            ErrorKind::kRetryable);
}

TEST_F(FolderStoreTest, ForgetsWhatIsDeleted) {
  ASSERT_TRUE(store_->Put(At("x"), "1", Soon()).has_value());
  EXPECT_TRUE(store_->Delete(At("x"), Soon()).has_value());
  EXPECT_TRUE(store_->Delete(At("x"), Soon()).has_value());
  EXPECT_EQ(store_->Get(At("x"), 10, Soon()).error().code, kNotFound);
  EXPECT_TRUE(store_->List(At("nothing"), Soon())->empty());
}

TEST_F(FolderStoreTest, StaysInItsRoot) {
  std::ofstream(folder_ + "/secret") << "secret";
  for (const std::string& path :
       {"file://" + folder_ + "/secret", root_ + "/../secret", root_ + "/./x", root_ + "//x",
        root_ + "x", std::string("s3://bucket/x"), folder_ + "/lake/x", std::string("file:")}) {
    const auto read = store_->Get({path}, 100, Soon());
    ASSERT_FALSE(read.has_value()) << path;
    EXPECT_EQ(read.error().kind, ErrorKind::kFatal) << path;
    EXPECT_FALSE(store_->Put({path}, "x", Soon()).has_value()) << path;
  }
}

TEST_F(FolderStoreTest, PassesItsCheck) {
  const Status checked = store_->Check({root_}, Soon());
  EXPECT_TRUE(checked.has_value()) << checked.error().message;
  EXPECT_TRUE(Names().empty()) << "the probe was left";
}

TEST_F(FolderStoreTest, AcceptsBothSpellings) {
  ASSERT_TRUE(store_->Put(At("x"), "1", Soon()).has_value());
  EXPECT_EQ(*store_->Get({"file:" + folder_ + "/lake/x"}, 10, Soon()), "1");
  EXPECT_EQ(NormalizeAddress("file:/x/y"), "file:///x/y");
  EXPECT_EQ(NormalizeAddress("file:///x/y"), "file:///x/y");
  EXPECT_EQ(NormalizeAddress("s3://b/y"), "s3://b/y");
}

TEST_F(FolderStoreTest, RootsThatOthersCannotReadAreRefused) {
  for (const char* root : {"s3://b", "file:///", "file:///x/../y", "file:///a?b", "file:///a#b",
                           "relative", "file:///a//b"}) {
    const auto store = FolderStore::Make(root);
    ASSERT_FALSE(store.has_value()) << root;
    EXPECT_EQ(store.error().kind, ErrorKind::kInvalidConfig) << root;
  }
}

}  // namespace
}  // namespace sluice
