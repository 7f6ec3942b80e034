#include "pipeline/stations.h"

#include "config/location.h"
#include "decode/json_decoder.h"
#include "lake/lake.h"
#include "transform/duck_transform.h"
#include "warehouse/warehouse.h"

namespace sluice {
namespace {

Diagnostic AsDiagnostic(const Spec& spec, const SqlProblem& problem) {
  const SilverSpec& silver = spec.silver.at(problem.table);
  const Place place = problem.expectation
                          ? PlaceInCheck(silver.expect.at(*problem.expectation), problem.offset)
                          : PlaceInSql(silver, problem.offset);
  return {.code = problem.code,
          .message = problem.message,
          .place = place,
          .length = 1,
          .label = {},
          .help = problem.hint};
}

std::vector<Diagnostic> AsDiagnostics(const Spec& spec, const std::vector<SqlProblem>& problems) {
  std::vector<Diagnostic> items;
  for (const auto& problem : problems) items.push_back(AsDiagnostic(spec, problem));
  return items;
}

Diagnostics WithoutPlace(const Spec& spec, const Error& error) {
  return AboutFile(spec, {{.code = error.code,
                           .message = error.message,
                           .place = {},
                           .length = 0,
                           .label = {},
                           .help = error.hint}});
}

Result<std::unique_ptr<LakeSink>> MakeLake(const Spec& spec, StationSet& set, ObjectStore& store,
                                           const std::string& name) {
  LakeTable bronze{spec.bronze.table, TableLocation(spec.lake, spec.bronze.table),
                   BronzeSchema(spec.bronze.columns).fields, spec.bronze.partition_by};
  std::vector<LakeTable> silver;
  for (size_t i = 0; i < spec.silver.size(); ++i) {
    silver.push_back(SilverLakeTable(spec, *set.transform, i));
  }
  return MakeIcebergLake(spec.lake, std::move(bronze), std::move(silver), store,
                         spec.StateFolder() + "/spool/" + name);
}

Result<std::unique_ptr<WarehouseSink>> MakeWarehouseOf(const Spec& spec, const StationSet& set) {
  std::vector<WarehouseTable> tables;
  for (size_t i = 0; i < spec.silver.size(); ++i) {
    if (!spec.silver[i].warehouse) continue;
    tables.push_back(SilverWarehouseTable(spec, *set.transform, i));
  }
  return MakeWarehouse(std::move(tables));
}

Status Fill(const Spec& spec, StationSet& set, ObjectStore& store, const std::string& name) {
  SLUICE_ASSIGN(set.decoder, MakeJsonDecoder(spec.bronze));
  SLUICE_ASSIGN(set.lake, MakeLake(spec, set, store, name));
  if (spec.HasWarehouseSink()) {
    SLUICE_ASSIGN(set.warehouse, MakeWarehouseOf(spec, set));
  }
  set.builder = std::make_unique<BatchBuilder>(*set.decoder, set.transform.get());
  return {};
}

}  // namespace

LakeTable SilverLakeTable(const Spec& spec, const Transform& transform, size_t table) {
  const SilverSpec& silver = spec.silver.at(table);
  return {silver.table, TableLocation(spec.lake, silver.table),
          SilverSchema(transform.Columns(table)).fields, silver.partition_by};
}

WarehouseTable SilverWarehouseTable(const Spec& spec, const Transform& transform, size_t table) {
  return {table, spec.silver.at(table).warehouse.value(), transform.Columns(table)};
}

std::expected<StationSet, Diagnostics> MakeStations(const Spec& spec, ObjectStore& store,
                                                    const std::string& name) {
  StationSet set;
  auto engine = DuckEngine::Make();
  if (!engine) return std::unexpected(WithoutPlace(spec, engine.error()));
  set.engine = *std::move(engine);
  if (!spec.silver.empty()) {
    auto transform = MakeDuckTransform(*set.engine, spec.bronze, spec.silver);
    if (!transform) {
      return std::unexpected(AboutFile(spec, AsDiagnostics(spec, transform.error())));
    }
    set.transform = *std::move(transform);
  }
  if (const Status filled = Fill(spec, set, store, name); !filled) {
    return std::unexpected(WithoutPlace(spec, filled.error()));
  }
  return set;
}

std::vector<Diagnostic> CheckSql(const Spec& spec) {
  auto engine = DuckEngine::Make();
  if (!engine) return WithoutPlace(spec, engine.error()).items;
  if (spec.silver.empty()) return {};
  const auto transform = MakeDuckTransform(**engine, spec.bronze, spec.silver);
  if (!transform) return AsDiagnostics(spec, transform.error());
  return {};
}

std::expected<std::vector<std::vector<Field>>, Diagnostics> SilverFields(const Spec& spec) {
  std::vector<std::vector<Field>> fields;
  if (spec.silver.empty()) return fields;
  const auto engine = DuckEngine::Make();
  if (!engine) return std::unexpected(WithoutPlace(spec, engine.error()));
  const auto transform = MakeDuckTransform(**engine, spec.bronze, spec.silver);
  if (!transform) return std::unexpected(AboutFile(spec, AsDiagnostics(spec, transform.error())));
  for (size_t i = 0; i < spec.silver.size(); ++i) {
    fields.push_back(SilverSchema((*transform)->Columns(i)).fields);
  }
  return fields;
}

Registration RegistrationOf(const Spec& spec) {
  Registration registration{.pipeline = spec.pipeline,
                            .transform_hash = TransformHash(spec.bronze, spec.silver),
                            .accept_transform = false,
                            .targets = {"lake:" + TableLocation(spec.lake, spec.bronze.table)}};
  for (const auto& silver : spec.silver) {
    registration.targets.push_back("lake:" + TableLocation(spec.lake, silver.table));
    if (!silver.warehouse) continue;
    registration.targets.push_back("warehouse:" + silver.warehouse->schema + "." +
                                   silver.warehouse->table);
  }
  return registration;
}

Error AsError(const Diagnostics& diagnostics) {
  const auto& items = diagnostics.items;
  Error error{ErrorKind::kInvalidConfig, Render(diagnostics, false), {}, {}};
  if (items.size() == 1 && items[0].place.line == 0) {
    error = {ErrorKind::kInvalidConfig, items[0].message, items[0].help, items[0].code};
  }
  return error;
}

}  // namespace sluice
