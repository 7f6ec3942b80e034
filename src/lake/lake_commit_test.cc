#include "lake/lake_commit.h"

#include <gmock/gmock.h>

#include "lake/table_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LakeCommitTest : public TableFixture {};

// A sweep elsewhere takes what nothing has referred to for an hour.
TEST_F(LakeCommitTest, FilesThatMayBeSweptAreNotCommitted) {
  for (const bool by_wall_clock : {false, true}) {
    TablePart part = Part({File("old", 1, 10)});
    PutTime& put = part.append.first_put;
    if (by_wall_clock) put.wall_ms -= kMaxUncommittedMs + 1;
    if (!by_wall_clock) put.steady -= std::chrono::milliseconds(kMaxUncommittedMs + 1);
    LakeCommit commit(*store_, "lake", {std::move(part)}, "[]");
    const Status status = commit.Apply(catalog_, {"late"});
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().kind, ErrorKind::kFenced) << "its records are read again";
  }
  EXPECT_THAT(catalog_.locked, IsEmpty());
  EXPECT_FALSE(Load()->metadata.current_snapshot_id.has_value());
}

TEST_F(LakeCommitTest, FilesThatWaitedAWhileAre) {
  TablePart part = Part({File("young", 1, 10)});
  part.append.first_put.wall_ms -= kMaxUncommittedMs / 2;
  LakeCommit commit(*store_, "lake", {std::move(part)}, "[]");
  ASSERT_TRUE(commit.Apply(catalog_, {"in time"}).has_value());
  EXPECT_THAT(Live(), ElementsAre("young:1"));
}

}  // namespace
}  // namespace sluice
