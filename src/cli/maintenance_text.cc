#include "cli/maintenance_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/progress.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

std::string Spell(int64_t ms) {
  return Duration(static_cast<double>(ms) / 1000);
}

}  // namespace

std::string MaintenanceLine(const MaintenanceSpec& maintenance) {
  if (maintenance.off) return "maintenance of the lake: off, left to `sluice maintain`\n";
  return fmt::format(
      "maintenance of the lake: looked after every {} of a run; {} snapshots stay, and all of the "
      "last {}\n",
      Spell(maintenance.every_ms), WithThousands(maintenance.keep_snapshots),
      Spell(maintenance.snapshot_age_ms));
}

nlohmann::json MaintenanceJson(const MaintenanceSpec& maintenance) {
  return {{"on", !maintenance.off},
          {"every_ms", maintenance.every_ms},
          {"target_file_bytes", maintenance.target_file_bytes},
          {"keep_snapshots", maintenance.keep_snapshots},
          {"snapshot_age_ms", maintenance.snapshot_age_ms},
          {"orphans_after_ms", maintenance.orphans_after_ms},
          {"receipts_after_ms", maintenance.receipts_after_ms}};
}

}  // namespace sluice::cli
