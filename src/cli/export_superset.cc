#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/write_file.h"
#include "core/clock.h"
#include "core/pause.h"
#include "export/bundle.h"
#include "export/superset.h"
#include "export/zip.h"
#include "gold/dbt.h"
#include "pipeline/services.h"
#include "postgres/conninfo.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// dbt reads the project anew, in a folder of its own: a run beside this one keeps its own state.
Result<Manifest> ParseProject(const Spec& spec, const Services& services, std::stop_token stop) {
  DbtOptions options;
  options.project_folder = spec.gold->dbt;
  options.state_folder = spec.StateFolder() + "/dbt-export";
  options.profiles_folder = options.state_folder + "/profiles";
  options.conninfo = services.conninfo;
  SLUICE_ASSIGN(const auto worker, DbtWorker::Make(std::move(options)));
  SLUICE_ASSIGN(const std::string path, worker->Parse(stop));
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return ReadManifest(text);
}

Result<Assets> Gather(const CommonArgs& common, const Spec& spec, const ExportSupersetArgs& args,
                      std::stop_token stop) {
  SLUICE_ASSIGN(const auto services,
                OpenServices(spec, {.wait = std::chrono::seconds(10), .stop = stop}));
  std::optional<Manifest> manifest;
  if (spec.gold) {
    SLUICE_ASSIGN(manifest, ParseProject(spec, services, stop));
  }
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-export"));
  SLUICE_ASSIGN(
      const ConnectParams address,
      CompleteConninfo(args.warehouse_url.empty() ? services.conninfo : args.warehouse_url,
                       common.insecure_tls ? RemoteTls::kAsWritten : RemoteTls::kVerified));
  const auto gather = [&] {
    return SupersetAssets(spec, manifest ? &*manifest : nullptr, *session, address);
  };
  auto assets = gather();
  const SteadyTime end = Now() + std::chrono::seconds(args.wait_s);
  while (!assets && assets.error().code == kNotBuilt && Now() < end) {
    if (!PauseFor(std::chrono::seconds(1), stop)) break;
    assets = gather();
  }
  return assets;
}

// A folder that an export wrote may be written again; anything else in it would be lost.
Status WriteFolder(const std::string& folder, const Files& files) {
  std::error_code error;
  const bool ours = fs::exists(folder + "/metadata.yaml", error);
  if (!ours && fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return Fail(ErrorKind::kUsage, fmt::format("{} holds something else", folder),
                "name a folder that is empty, or that an earlier export wrote");
  }
  for (const auto* part : {"charts", "dashboards", "datasets", "databases"}) {
    fs::remove_all(folder + "/" + part, error);
  }
  for (const auto& [path, content] : files) {
    SLUICE_TRY(WriteFile(folder + path.substr(path.find('/')), content));
  }
  return {};
}

size_t CountOf(const Files& files, std::string_view part) {
  size_t count = 0;
  for (const auto& [path, content] : files) {
    count += path.substr(path.find('/') + 1).starts_with(part) ? 1 : 0;
  }
  return count;
}

}  // namespace

int ExportSuperset(const CommonArgs& common, const ExportSupersetArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const StopOnSignal stop;
  const auto assets = Gather(common, *spec, args, stop.token());
  if (!assets) return Failed(common, assets.error());
  const Files files = BundleOf(*assets);
  const std::string target = !args.folder.empty() ? args.folder
                             : args.file.empty()  ? spec->pipeline + "-superset.zip"
                                                  : args.file;
  const Status written =
      args.folder.empty() ? WriteFile(target, ZipArchive(files)) : WriteFolder(args.folder, files);
  if (!written) return Failed(common, written.error());
  Tell(fmt::format("sluice: wrote {}: {} dashboards, {} charts, {} datasets\n", target,
                   CountOf(files, "dashboards/"), CountOf(files, "charts/"),
                   CountOf(files, "datasets/")));
  if (args.folder.empty()) {
    Tell(fmt::format("  = help: python3 packaging/superset/import_bundle.py {}\n", target));
  }
  if (spec->warehouse.embedded && args.warehouse_url.empty()) {
    Tell(
        "  = note: the embedded PostgreSQL answers while a sluice process of the project runs, "
        "and on this machine only\n");
  }
  return 0;
}

}  // namespace sluice::cli
