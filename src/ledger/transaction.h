#pragma once

#include <string_view>

#include "core/result.h"
#include "core/types.h"
#include "stage/sql.h"

namespace sluice {

/// What must happen in one transaction, once. Plain data behind it, never a live handle: it may be
/// applied again, in a new transaction on a new session, after a rollback.
class Transaction {
 public:
  virtual ~Transaction() = default;

  /// The receipt: Apply inserts it into sluice.commit.
  virtual const CommitId& id() const = 0;
  /// `warehouse`, `lake`, `replay`, …: the receipt's, and the failpoints'.
  virtual std::string_view kind() const = 0;
  /// Does all of it inside the open transaction.
  virtual Status Apply(SqlSession& session) = 0;
  /// FailsWith kFenced when another has taken over what Apply rests on: it cannot succeed any more.
  virtual Status CheckFence(SqlSession& session) = 0;
  /// After a lost reply, outside of a transaction: waits until a transaction that Apply ran in has
  /// ended, by locking what it would still hold.
  virtual Status AwaitEnd(SqlSession& session) = 0;
};

}  // namespace sluice
