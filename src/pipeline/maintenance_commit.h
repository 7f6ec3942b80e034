#pragma once

#include <string>

#include "config/spec.h"
#include "ledger/transaction.h"
#include "stage/sink.h"

namespace sluice {

/// One change of one lake table that moves no mark, as a commit of its own with its receipt.
class MaintenanceCommit : public Transaction {
 public:
  /// `change` outlives this.
  MaintenanceCommit(const Spec& spec, std::string worker, TableName table, Participant& change)
      : pipeline_(spec.pipeline),
        catalog_(spec.lake.catalog),
        worker_(std::move(worker)),
        table_(std::move(table)),
        change_(change) {}

  const CommitId& id() const override { return id_; }
  std::string_view kind() const override { return "maintain"; }
  Status Apply(SqlSession& session) override;
  /// It rests on nothing that another could take over: the change itself sees what is gone.
  Status CheckFence(SqlSession&) override { return {}; }
  Status AwaitEnd(SqlSession& session) override;

 private:
  CommitId id_ = CommitId::Random();
  std::string pipeline_;
  std::string catalog_;
  std::string worker_;
  TableName table_;
  Participant& change_;
};

}  // namespace sluice
