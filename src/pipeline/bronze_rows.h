#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/object_store.h"
#include "lake/reader.h"
#include "stage/chunk.h"
#include "stage/duck.h"

namespace sluice {

/// Reads bronze rows from data files of one snapshot and calls take(log, chunks) with batches of
/// BronzeSchema's layout: flat chunks that own their bytes, of one log each, kBronzeBatchChunks at
/// most, fewer of a file with long rows. A column that a file lacks is null. Copies in
/// `scratch_folder` are few at any time. FailsWith what `take` does, and kFatal when a file is not
/// what its table says.
inline constexpr size_t kBronzeBatchChunks = 16;
Status ReadBronze(duckdb_connection duck, const BronzeSpec& bronze, const LakeTableState& table,
                  const std::vector<LiveFile>& files, ObjectStore& store,
                  const std::string& scratch_folder,
                  const std::function<Status(LogId, Chunks)>& take);

}  // namespace sluice
