#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ledger/claims.h"
#include "ledger/committer.h"
#include "ledger/ledger.h"
#include "ledger/report.h"
#include "ledger/schema.h"
#include "postgres/scratch_server.h"

namespace sluice {

inline constexpr std::string_view kPipeline = "books";

/// A real server with an empty ledger, a registered pipeline and a log, for each test.
class LedgerFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto scratch = ScratchServer::Make();
    ASSERT_TRUE(scratch) << scratch.error().message;
    scratch_ = scratch->release();
  }
  static void TearDownTestSuite() { delete std::exchange(scratch_, nullptr); }

  void SetUp() override {
    database_ = *scratch_->server().Database();
    session_ = *database_->Connect("sluice-test");
    ASSERT_TRUE(
        session_->Query("DROP SCHEMA IF EXISTS sluice CASCADE; DROP TABLE IF EXISTS target; "
                        "CREATE TABLE target (n bigint PRIMARY KEY)"));
    ASSERT_TRUE(CreateLedgerTables(*session_));
    ASSERT_TRUE(RegisterPipeline(*session_, Known("one")));
    log_ = *ResolveLog(*session_, std::string(kPipeline), Topic("t1"), false);
  }

  static Registration Known(std::string hash) {
    return {.pipeline = std::string(kPipeline),
            .transform_hash = std::move(hash),
            .accept_transform = false,
            .targets = {"lake:raw.books"}};
  }
  static TopicIdentity Topic(std::string uuid, bool embedded = false) {
    return {.topic = "stream",
            .topic_uuid = std::move(uuid),
            .cluster_id = "c",
            .embedded = embedded,
            .partitions = 1};
  }
  Claim ClaimAs(const std::string& worker, int64_t start = 0) {
    return ClaimAll(worker, {{PartitionId{0}, Offset{start}}}).at(0);
  }
  std::vector<Claim> ClaimAll(const std::string& worker,
                              const std::map<PartitionId, Offset>& partitions) {
    const Claimant claimant{std::string(kPipeline), worker, log_, {Sink::kWarehouse, Sink::kLake}};
    auto claims = ClaimPartitions(*session_, claimant, partitions);
    EXPECT_TRUE(claims) << claims.error().message;
    return *claims;
  }
  Staged StagedOf(const Claim& claim, Sink sink, int64_t end) const {
    const Position& at = claim.positions.at(sink);
    const int64_t count = end - at.next.value;
    return {.commit = CommitId::Random(),
            .sink = sink,
            .log = log_,
            .ranges = {{{{PartitionId{0}, at.next, Offset{end}}, count, count, 0, 0}, at.epoch}},
            .quarantine = {}};
  }
  Committer MakeCommitter(const std::string& worker) {
    return Committer(*database_, {std::string(kPipeline), worker}, [](const std::string&) {});
  }
  int64_t Count(const std::string& what) {
    return std::stoll(*session_->Query("SELECT count(*) FROM " + what)->rows[0][0]);
  }
  int64_t Mark(Sink sink) {
    const auto positions = ReadPositions(*session_, std::string(kPipeline));
    for (const auto& position : *positions) {
      if (position.sink == sink) return position.next.value;
    }
    return -1;
  }

  static inline ScratchServer* scratch_ = nullptr;
  std::unique_ptr<SqlDatabase> database_;
  std::unique_ptr<SqlSession> session_;
  LogId log_;
};

}  // namespace sluice
