#include <array>

#include "config/codes.h"
#include "config/sections.h"

namespace sluice {
namespace {

constexpr int64_t kMinute = 60'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr Bounds kEvery{1000, kDay};
constexpr Bounds kFileSize{64 << 10, 8LL << 30};
constexpr Bounds kKeep{1, 100'000};
constexpr Bounds kAge{0, 3650 * kDay};
// Files of a commit that waits for a service have nothing but their age to protect them.
constexpr Bounds kOrphans{kHour, 3650 * kDay};
constexpr Bounds kReceipts{kDay, 3650 * kDay};

void ReadSnapshots(Reader& reader, const Node& node, MaintenanceSpec& maintenance) {
  const std::array keys{
      Key{"keep", "",
          [&](const Node& n) {
            if (auto keep = reader.ReadInteger(n, kKeep)) maintenance.keep_snapshots = *keep;
          }},
      Key{"age", "",
          [&](const Node& n) {
            if (auto age = reader.ReadDuration(n, kAge)) maintenance.snapshot_age_ms = *age;
          }},
  };
  reader.ReadMap(node, keys);
}

}  // namespace

void ReadMaintenance(Reader& reader, const Node& node, MaintenanceSpec& maintenance) {
  if (node.kind != NodeKind::kMap) {
    constexpr std::array<Choice<bool>, 2> kSwitch{{{"on", false}, {"off", true}}};
    if (auto off = reader.ReadChoice<bool>(node, kSwitch)) maintenance.off = *off;
    return;
  }
  maintenance.off = false;
  const auto duration = [&](Bounds bounds, int64_t& to) {
    return [&reader, bounds, &to](const Node& n) {
      if (auto time = reader.ReadDuration(n, bounds)) to = *time;
    };
  };
  const std::array keys{
      Key{"every", "", duration(kEvery, maintenance.every_ms)},
      Key{"target_file_size", "",
          [&](const Node& n) {
            if (auto size = reader.ReadSize(n, kFileSize)) maintenance.target_file_bytes = *size;
          }},
      Key{"snapshots", "", [&](const Node& n) { ReadSnapshots(reader, n, maintenance); }},
      Key{"orphans_after", "", duration(kOrphans, maintenance.orphans_after_ms)},
      Key{"receipts_after", "", duration(kReceipts, maintenance.receipts_after_ms)},
  };
  reader.ReadMap(node, keys);
}

}  // namespace sluice
