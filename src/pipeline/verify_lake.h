#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/services.h"
#include "stage/duck.h"

namespace sluice {

/// What a table holds of one log's partition.
struct Held {
  int64_t rows = 0;
  int64_t distinct = 0;  ///< different offsets
  int64_t least = 0;
  int64_t greatest = 0;
};
using HeldByPartition = std::map<std::pair<int32_t, int32_t>, Held>;  ///< by log and partition

/// What the data files of a lake table's current snapshot hold.
struct LakeContent {
  HeldByPartition held;
  int64_t files = 0;
  int64_t rows = 0;
  int64_t keys = 0;  ///< different values of the key columns that were asked for
  bool is_read = true;
  std::vector<std::string> broken_files;  ///< when one is missing or cut, none was read
};

struct LakeReading {
  TableName table;
  std::vector<std::string> key;  ///< columns; none: keys are not counted
  std::string scratch_folder;    ///< for copies of files
  /// Told which file of how many is read, and how many rows were before.
  std::function<void(size_t file, size_t files, int64_t rows)> on_file;
};

/// Opens every data file, a few at a time on this machine's disk, and counts its rows; memory is
/// bounded by the files' size and a bit an offset.
Result<LakeContent> ReadLakeContent(const Spec& spec, Services& services, SqlSession& session,
                                    duckdb_connection duck, const LakeReading& reading);

}  // namespace sluice
