#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "lake/reader.h"
#include "ledger/rebuild.h"
#include "pipeline/services.h"

namespace sluice {

/// What a rebuild starts from (adr/0006).
struct RebuildBasis {
  std::vector<std::string> interventions;
  std::vector<RebuildMark> warehouse;  ///< empty: the table is not in the warehouse
  std::vector<RebuildMark> lake;       ///< each at or above the warehouse's
  LakeTableState bronze;
  std::vector<LiveFile> bronze_files;
  std::optional<LakeTableState> silver;  ///< absent: not made yet
  std::vector<LiveFile> silver_files;

  int64_t BronzeRows() const;
};

/// Reads, in one snapshot, what operators did and, for a table of the warehouse, its marks.
/// FailsWith kInvalidConfig (E0403) when the transform is not `hash`.
Status ReadWarehouseSide(SqlSession& session, const Spec& spec, const SilverSpec& silver,
                         const std::string& hash, RebuildBasis& basis);

/// Waits until the lake's marks have reached those of the warehouse. FailsWith kInvalidConfig when
/// no run is there to move them, kRetryable when they stay behind, kShutdown.
Status AwaitLake(SqlSession& session, const Spec& spec, const RebuildBasis& basis,
                 const OpenOptions& waiting);

/// Reads, in one snapshot, the lake's marks and both tables. Fails as ReadWarehouseSide.
Status ReadLakeSide(SqlSession& session, Services& services, const Spec& spec,
                    const SilverSpec& silver, const std::string& hash, RebuildBasis& basis);

}  // namespace sluice
