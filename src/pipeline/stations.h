#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "config/diagnostic.h"
#include "config/spec.h"
#include "core/result.h"
#include "lake/lake.h"
#include "lake/object_store.h"
#include "ledger/ledger.h"
#include "pipeline/batch_builder.h"
#include "stage/decoder.h"
#include "stage/duck.h"
#include "stage/sink.h"
#include "stage/transform.h"
#include "warehouse/warehouse.h"

namespace sluice {

/// The stations of one worker, the source and the ledger apart. Destroyed from the last member.
struct StationSet {
  std::unique_ptr<DuckEngine> engine;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<Transform> transform;  ///< null in a pipeline without silver
  std::unique_ptr<LakeSink> lake;
  std::unique_ptr<WarehouseSink> warehouse;  ///< null in a pipeline without warehouse tables
  std::unique_ptr<BatchBuilder> builder;
};

/// Makes the stations that the file describes: the one place that names their classes. `name` is
/// the worker's, for its spool folder. FailsWith the file's problems in SQL with their place, or
/// with one that has none.
std::expected<StationSet, Diagnostics> MakeStations(const Spec& spec, ObjectStore& store,
                                                    const std::string& name);

/// Returns a silver table as each sink knows it; the second only for one with `warehouse`.
LakeTable SilverLakeTable(const Spec& spec, const Transform& transform, size_t table);
WarehouseTable SilverWarehouseTable(const Spec& spec, const Transform& transform, size_t table);

/// Checks SQL and expectations alone; needs no service.
std::vector<Diagnostic> CheckSql(const Spec& spec);

/// Returns the columns of each silver table, lineage last, in the Spec's order; needs no service.
/// FailsWith the file's problems in SQL.
std::expected<std::vector<std::vector<Field>>, Diagnostics> SilverFields(const Spec& spec);

/// Returns what the ledger must know of the pipeline.
Registration RegistrationOf(const Spec& spec);

/// Returns an Error that carries rendered diagnostics, for those who can only pass errors on.
Error AsError(const Diagnostics& diagnostics);

}  // namespace sluice
