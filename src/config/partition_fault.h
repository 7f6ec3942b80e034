#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/spec.h"

namespace sluice {

/// Why a table cannot be partitioned so.
struct PartitionFault {
  std::string reason;
  std::string meant{};  ///< what was probably meant, as `partition_by` writes it; may be empty
  bool no_such_column = false;
};

/// Judges one item of `partition_by`. `columns` are the table's own, without lineage; without them
/// only what is certain is judged.
std::optional<PartitionFault> FaultOf(const PartitionField& field,
                                      const std::vector<Field>* columns);

}  // namespace sluice
