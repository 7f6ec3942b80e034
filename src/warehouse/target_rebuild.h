#pragma once

#include <memory>
#include <vector>

#include "core/result.h"
#include "stage/sink.h"
#include "warehouse/target.h"
#include "warehouse/warehouse.h"

namespace sluice {

/// Rows of one log's partition below an offset.
struct RowsBelow {
  LogId log;
  PartitionId partition;
  Offset end;
};

/// One table's rows made anew, aside, and swapped in (adr/0006). All calls take the session that
/// Begin took: with it go its locks, and so does the right to swap.
class TargetRebuild {
 public:
  /// Its rows come as the only silver table of a batch. Fails as MakeWarehouse.
  static Result<std::unique_ptr<TargetRebuild>> Make(WarehouseTable table);

  /// Outside of a transaction: makes the empty waiting table and, for an upsert, waits until every
  /// commit that goes on gives its rows to it too. FailsWith kInvalidConfig (42501) naming the
  /// right that is missing, kRetryable when commits do not end.
  Status Begin(SqlSession& session);
  /// Takes rows into the waiting table; what PostgreSQL refuses there the target would refuse.
  WarehouseSink& waiting() { return *waiting_; }
  /// Returns the swap: locks the table against writers, takes the rows of `below` away and puts the
  /// waiting ones there, which are `rows`. Its Apply FailsWith kInvalidConfig when the table
  /// refuses them, kInvariant when it took another number.
  std::unique_ptr<Participant> Swap(std::vector<RowsBelow> below, int64_t rows) const;
  /// Outside of a transaction: lets commits go their own way again and drops the waiting table.
  Status End(SqlSession& session);

 private:
  TargetRebuild(Target target, std::unique_ptr<WarehouseSink> waiting)
      : target_(std::move(target)), waiting_(std::move(waiting)) {}
  Status CheckRights(SqlSession& session) const;
  Status Remake(SqlSession& session, const std::string& sql) const;

  Target target_;
  std::unique_ptr<WarehouseSink> waiting_;
};

}  // namespace sluice
