#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"
#include "stage/sql.h"

namespace sluice {

/// Which record of which log. Sorts by log, partition, offset.
struct RecordKey {
  LogId log;
  PartitionId partition;
  Offset offset;
  auto operator<=>(const RecordKey&) const = default;
};

/// A time, or an age by the server's clock.
struct Moment {
  enum class Kind { kTime, kAge };
  Kind kind = Kind::kTime;
  int64_t ms = 0;  ///< since 1970, or before now
};

/// Chooses records of the quarantine; what is empty chooses all.
struct QuarantineFilter {
  enum class State { kUnresolved, kResolved, kAny };

  State state = State::kUnresolved;
  std::string reason{};  ///< in full, or a beginning and `*`
  std::optional<LogId> log{};
  std::optional<PartitionId> partition{};
  std::optional<Moment> since{};   ///< quarantined then or later
  std::optional<Moment> before{};  ///< quarantined earlier
  std::vector<RecordKey> records{};
};

/// A condition on `sluice.quarantine AS q` with its parameters; $1 is the pipeline.
struct FilterSql {
  std::string where;
  std::vector<SqlValue> params;

  /// Adds a parameter and returns its name: `$4`.
  std::string Add(SqlValue value);
};

FilterSql WhereOf(const std::string& pipeline, const QuarantineFilter& filter);

/// Records as columns, for unnest.
struct KeyColumns {
  SqlValue log, partition, offset;
  explicit KeyColumns(const std::vector<RecordKey>& keys);
};

}  // namespace sluice
