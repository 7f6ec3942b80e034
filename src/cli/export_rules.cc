#include "cli/args.h"
#include "cli/output.h"
#include "cli/write_file.h"
#include "export/prometheus_rules.h"

namespace sluice::cli {

int ExportRules(const CommonArgs& common, const ExportRulesArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const Status written = WriteFile(
      args.file, PrometheusRules(*spec, {.lag_records = args.lag_records,
                                         .quarantine_share = args.quarantine_percent / 100}));
  return written ? 0 : Failed(common, written.error());
}

}  // namespace sluice::cli
