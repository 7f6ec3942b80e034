#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/spec.h"
#include "lake/object_store.h"
#include "stage/sink.h"

namespace sluice {

/// One Iceberg table that the pipeline writes.
struct LakeTable {
  TableName name;
  std::string location;        ///< `root/ns/name`, no slash at the end
  std::vector<Field> columns;  ///< all of them in the chunks' order: BronzeSchema, SilverSchema
  std::vector<PartitionField> partition_by;
};

/// Makes the lake's sink: RowBatch::bronze goes to `bronze`, RowBatch::silver[i] to `silver[i]`.
/// Prepare must have succeeded once before the first Append. Append, Seal, Discard and
/// OpenFileBytes belong to one thread; the participants of earlier Seals may be applied in
/// another. After a Seal that FailsWith kRetryable, Seal goes on where it stopped and Discard gives
/// up; neither loses or doubles a row. `spool_folder` is for files that are not uploaded yet;
/// workers of this machine may share it, and what dead ones left there is removed. `store` outlives
/// the sink and its participants.
Result<std::unique_ptr<LakeSink>> MakeIcebergLake(const LakeSpec& spec, LakeTable bronze,
                                                  std::vector<LakeTable> silver, ObjectStore& store,
                                                  const std::string& spool_folder);

}  // namespace sluice
