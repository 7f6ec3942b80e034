#pragma once

#include <string>

#include "ledger/receipt.h"
#include "ledger/staged.h"
#include "ledger/transaction.h"
#include "stage/sink.h"

namespace sluice {

/// Checks that ok + quarantined + skipped == delivered for every range (S1): kInvariant if not.
Status CheckCounts(const Staged& staged);

/// The commit of one sink: its rows, the rejects that ride with it, the marks and the receipt
/// (S3–S8 of commit-protocol.md). Apply FailsWith kFenced when another owns a partition.
class SinkCommit : public Transaction {
 public:
  /// `staged` and `participant` outlive this.
  SinkCommit(std::string pipeline, std::string worker, const Staged& staged,
             Participant& participant)
      : pipeline_(std::move(pipeline)),
        worker_(std::move(worker)),
        staged_(staged),
        participant_(participant) {}

  const CommitId& id() const override { return staged_.commit; }
  std::string_view kind() const override { return Name(staged_.sink); }
  Status Apply(SqlSession& session) override;
  Status CheckFence(SqlSession& session) override;
  Status AwaitEnd(SqlSession& session) override;

 private:
  Status PutData(SqlSession& session);
  Status PutMarks(SqlSession& session);
  Receipt MakeReceipt() const;

  std::string pipeline_;
  std::string worker_;
  const Staged& staged_;
  Participant& participant_;
};

}  // namespace sluice
