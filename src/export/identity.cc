#include "export/identity.h"

#include <fmt/format.h>

#include <cctype>

#include "core/name_uuid.h"
#include "core/text.h"

namespace sluice {
namespace {

std::string Named(std::string_view kind, const Assets& assets, std::string_view name) {
  static const Uuid kSpace{"0b8b1f3e-4c1d-5e0a-9a55-d7c2f6a1e9b4"};
  return NameUuid(kSpace, fmt::format("{}\n{}\n{}", kind, assets.database, name)).value;
}

}  // namespace

std::string DatabaseUuid(const Assets& assets) {
  return Named("database", assets, "");
}

std::string DatasetUuid(const Assets& assets, std::string_view dataset) {
  return Named("dataset", assets, dataset);
}

std::string ChartUuid(const Assets& assets, const Dashboard& dashboard, const Chart& chart) {
  return Named("chart", assets, dashboard.name + "\n" + chart.title);
}

std::string DashboardUuid(const Assets& assets, const Dashboard& dashboard) {
  return Named("dashboard", assets, dashboard.name);
}

std::string SlugOf(std::string_view text) {
  std::string slug;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) != 0) {
      slug += static_cast<char>(std::tolower(byte));
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug.empty() ? Sha256Hex(text).substr(0, 12) : slug;
}

}  // namespace sluice
