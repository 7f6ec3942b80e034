#include <chrono>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/write_file.h"
#include "export/dbt_sources.h"
#include "pipeline/stations.h"
#include "warehouse/target.h"

namespace sluice::cli {

int ExportDbtSources(const CommonArgs& common, const ExportDbtSourcesArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  if (!spec->HasWarehouseSink()) {
    return Failed(common, {ErrorKind::kInvalidConfig, "the pipeline has no warehouse table",
                           "name one under silver.<table>.warehouse"});
  }
  const auto fields = SilverFields(*spec);
  if (!fields) return Failed(common, fields.error());
  std::vector<std::vector<SourceColumn>> columns;
  for (const auto& table : *fields) {
    auto& added = columns.emplace_back();
    for (const auto& field : table) added.push_back({field, PgType(field.type)});
  }
  const SourceOptions options{.name = args.name,
                              .warn_after_ms = args.warn_after_m * 60'000,
                              .error_after_ms = args.error_after_m * 60'000};
  const Status written = WriteFile(args.file, DbtSources(*spec, columns, options));
  return written ? 0 : Failed(common, written.error());
}

}  // namespace sluice::cli
