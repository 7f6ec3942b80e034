#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "core/types.h"
#include "stage/sql.h"

namespace sluice {

/// Asks the ledger for the marks again and again, whoever owns the partitions. On a thread and a
/// session of its own, so that a PostgreSQL that went away or hangs is noticed where no worker has
/// anything to commit, and keeps nobody waiting who reads here. Ends with this object.
class LedgerWatch {
 public:
  LedgerWatch(SqlDatabase& database, std::string pipeline, LogId log,
              std::chrono::milliseconds every);

  /// Returns the smaller of the sinks' marks of each partition, as last read; empty at first.
  std::map<PartitionId, Offset> Marks() const;
  /// Returns why the ledger cannot be read at present; "" while it can.
  std::string Trouble() const;

 private:
  void Work(std::stop_token stop);
  Result<std::map<PartitionId, Offset>> Ask();

  SqlDatabase& database_;
  const std::string pipeline_;
  const LogId log_;
  const std::chrono::milliseconds every_;
  std::unique_ptr<SqlSession> session_;
  mutable std::mutex mutex_;
  std::map<PartitionId, Offset> marks_;
  std::string trouble_;
  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace sluice
