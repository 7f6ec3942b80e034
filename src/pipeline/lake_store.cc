#include "pipeline/lake_store.h"

#include <functional>
#include <set>
#include <utility>

#include "config/load.h"
#include "core/clock.h"
#include "core/text.h"
#include "lake/folder_store.h"
#include "lake/s3_store.h"
#include "lake/store_check.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kAnswerWithin{20};

std::string SettingOf(const LakeSpec& lake, const std::string& name) {
  const auto found = lake.s3.find(name);
  return found == lake.s3.end() ? "" : found->second;
}

S3Credentials KeysOf(const LakeSpec& lake) {
  return {.access_key_id = SettingOf(lake, "access_key_id"),
          .secret_access_key = SettingOf(lake, "secret_access_key"),
          .session_token = SettingOf(lake, "session_token")};
}

// The pipeline file says where the keys come from: a variable, a secret file, a profile.
Result<S3Credentials> ReadKeys(const std::string& pipeline_file) {
  // What the operator allowed at the start holds; only the keys are taken.
  const auto spec = LoadSpec(pipeline_file, Environment::OfProcess(),
                             {.insecure_secret_files = true, .insecure_tls = true});
  if (spec) return KeysOf(spec->lake);
  return Fail(ErrorKind::kInvalidConfig, "the pipeline file has mistakes now: " + pipeline_file,
              "sluice validate");
}

S3Options OptionsOf(const Spec& spec, std::stop_token stop) {
  S3Options options;
  options.stop = std::move(stop);
  options.endpoint = SettingOf(spec.lake, "endpoint");
  options.region = SettingOf(spec.lake, "region");
  options.path_style = SettingOf(spec.lake, "path_style") == "true";
  options.ca_file = SettingOf(spec.lake, "ca_file");
  options.credentials = KeysOf(spec.lake);
  options.reload = [file = spec.file] { return ReadKeys(file); };
  return options;
}

Status InEachPlace(const Spec& spec, const std::function<Status(const RemotePath&)>& ask) {
  std::vector<std::string> missing, cures;
  Error last;
  for (const RemotePath& place : LakePlaces(spec)) {
    Status status = ask(place);
    if (status) continue;
    if (status.error().code != kNoSuchBucket) return status;
    last = std::move(status).error();
    missing.push_back(last.message);
    cures.push_back(last.hint);
  }
  if (missing.empty()) return {};
  last.message = Join(missing, "; ");
  last.hint = Join(cures, "; ");
  return Fail(std::move(last));
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> MakeLakeStore(const Spec& spec, std::stop_token stop) {
  if (spec.lake.root.starts_with("s3://")) {
    SLUICE_ASSIGN(std::unique_ptr<ObjectStore> store,
                  S3Store::Make(spec.lake.root, OptionsOf(spec, std::move(stop))));
    return store;
  }
  SLUICE_ASSIGN(std::unique_ptr<ObjectStore> folder, FolderStore::Make(spec.lake.root));
  return folder;
}

std::vector<RemotePath> LakePlaces(const Spec& spec) {
  if (spec.lake.root != "s3://") return {RemotePath{spec.lake.root}};
  std::set<std::string> buckets{spec.bronze.table.ns};
  for (const SilverSpec& silver : spec.silver) buckets.insert(silver.table.ns);
  std::vector<RemotePath> places;
  for (const std::string& bucket : buckets) places.push_back({"s3://" + bucket});
  return places;
}

Status ReachLake(const Spec& spec, ObjectStore& store) {
  return InEachPlace(spec, [&](const RemotePath& place) -> Status {
    SLUICE_TRY(store.List({place.value + "/.sluice-check"}, Now() + kAnswerWithin));
    return {};
  });
}

Status CheckLake(const Spec& spec, ObjectStore& store) {
  return InEachPlace(
      spec, [&](const RemotePath& place) { return store.Check(place, Now() + kAnswerWithin); });
}

Status CheckLakeRemoval(const Spec& spec, ObjectStore& store) {
  return InEachPlace(spec, [&](const RemotePath& place) {
    return CheckRemoval(store, place, Now() + kAnswerWithin);
  });
}

}  // namespace sluice
