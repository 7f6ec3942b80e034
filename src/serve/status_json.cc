#include "serve/status_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "serve/totals.h"

namespace sluice {
namespace {

using nlohmann::json;

// Texts of servers and brokers need not be UTF-8.
std::string Dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

json Moment(int64_t wall_clock_ms) {
  if (wall_clock_ms == 0) return nullptr;
  const std::chrono::sys_time<std::chrono::seconds> seconds{
      std::chrono::seconds(wall_clock_ms / 1000)};
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", seconds, wall_clock_ms % 1000);
}

json Known(int64_t number) {
  return number < 0 ? json(nullptr) : json(number);
}

json ReasonsJson(const std::vector<HealthReason>& reasons) {
  json list = json::array();
  for (const auto& reason : reasons) list.push_back({{"code", reason.code}, {"text", reason.text}});
  return list;
}

json SourceJson(const About& about, const RunStatus& run) {
  return {{"topic", about.topic},
          {"broker", run.broker.empty() ? json(nullptr) : json(run.broker)},
          {"embedded", run.embedded_broker},
          {"log", run.log.value}};
}

json TablesJson(const About& about) {
  return {{"bronze", about.bronze},
          {"silver", about.silver},
          {"warehouse", about.warehouse},
          {"gold", about.gold.empty() ? json(nullptr) : json(about.gold)}};
}

json SinksJson(const Totals& totals, int64_t now_ms) {
  json sinks = json::array();
  for (const auto& [name, sums] : totals.sinks) {
    const bool committed = sums.committed_ms > 0;
    sinks.push_back(
        {{"sink", name},
         {"commits", sums.commits},
         {"last_commit_at", Moment(sums.committed_ms)},
         {"seconds_since_commit",
          committed ? json(static_cast<double>(now_ms - sums.committed_ms) / 1000) : json(nullptr)},
         {"lag", Known(sums.lag)}});
  }
  return sinks;
}

json WorkersJson(const StatusSnapshot& status) {
  json workers = json::array();
  for (const auto& [name, worker] : status.workers) {
    json partitions = json::array();
    for (const auto& [id, partition] : worker.partitions) partitions.push_back(id.value);
    workers.push_back({{"name", name},
                       {"state", worker.state},
                       {"reason", worker.reason},
                       {"partitions", partitions},
                       {"records", worker.records}});
  }
  return workers;
}

json PartitionJson(const StatusSnapshot& status, PartitionId id, const OwnedPartition& owned,
                   bool has_warehouse) {
  const auto high = HighOf(status, id, owned.status.read);
  json marks{{"lake", owned.status.lake.value}};
  json lag{{"lake", Known(LagOf(high, owned.status.lake))}};
  if (has_warehouse) {
    marks["warehouse"] = owned.status.warehouse.value;
    lag["warehouse"] = Known(LagOf(high, owned.status.warehouse));
  }
  json stopped = nullptr;
  if (const auto& error = owned.status.stopped) {
    stopped = {{"code", error->code}, {"message", error->message}, {"hint", error->hint}};
  }
  return {{"partition", id.value},
          {"worker", owned.worker},
          {"read", owned.status.read.value},
          {"high", high ? json(high->value) : json(nullptr)},
          {"next", marks},
          {"lag", lag},
          {"stopped", stopped}};
}

json PartitionsJson(const About& about, const StatusSnapshot& status) {
  json partitions = json::array();
  for (const auto& [id, owned] : Partitions(status)) {
    partitions.push_back(PartitionJson(status, id, owned, !about.warehouse.empty()));
  }
  return partitions;
}

json GoldJson(const std::optional<GoldStatus>& gold) {
  if (!gold) return nullptr;
  return {{"builds", gold->builds},
          {"failures", gold->failures},
          {"last", gold->finished_ms == 0 ? json(nullptr)
                                          : json{{"at", Moment(gold->finished_ms)},
                                                 {"ok", gold->ok},
                                                 {"error", gold->error},
                                                 {"seconds", gold->seconds},
                                                 {"models", gold->models},
                                                 {"tests", gold->tests},
                                                 {"passed", gold->passed},
                                                 {"warned", gold->warned},
                                                 {"failed", gold->failed},
                                                 {"errored", gold->errored},
                                                 {"skipped", gold->skipped}}}};
}

json MaintenanceJson(const std::optional<MaintenanceStatus>& maintenance) {
  if (!maintenance) return nullptr;
  return {{"rounds", maintenance->rounds},
          {"failures", maintenance->failures},
          {"last_at", Moment(maintenance->finished_ms)},
          {"error", maintenance->error.empty() ? json(nullptr) : json(maintenance->error)},
          {"compacted_files", maintenance->compacted_files},
          {"written_files", maintenance->written_files},
          {"expired_snapshots", maintenance->expired_snapshots},
          {"deleted_objects", maintenance->deleted_objects}};
}

json RecordsJson(const Totals& totals) {
  return {{"read", totals.records},
          {"ok", totals.ok},
          {"quarantined", totals.quarantined},
          {"skipped", totals.skipped},
          {"nan_as_null", totals.nan_as_null},
          {"gap_offsets", totals.gap_offsets},
          {"quarantine_reasons", totals.quarantine_reasons},
          {"expectations_failed", totals.expectations}};
}

}  // namespace

std::string StatusJson(const About& about, const StatusSnapshot& status,
                       const ProcessStats& process, SteadyTime now) {
  const int64_t now_ms = WallClockMs();
  const Totals totals = Totals::Of(about, status);
  const auto reasons = WhyNotReady(status, now);
  const json document{
      {"pipeline", about.pipeline},
      {"version", about.version},
      {"now", Moment(now_ms)},
      {"started_at", Moment(status.run.started_ms)},
      {"phase", Name(status.run.phase)},
      {"ready", reasons.empty()},
      {"reasons", ReasonsJson(reasons)},
      {"source", SourceJson(about, status.run)},
      {"tables", TablesJson(about)},
      {"records", RecordsJson(totals)},
      {"sinks", SinksJson(totals, now_ms)},
      {"commits",
       {{"retries", totals.retries}, {"fenced", totals.fenced}, {"doubts", totals.doubts}}},
      {"workers", WorkersJson(status)},
      {"partitions", PartitionsJson(about, status)},
      {"gold", GoldJson(status.run.gold)},
      {"maintenance", MaintenanceJson(status.run.maintenance)},
      {"process", {{"pid", getpid()}, {"resident_bytes", process.resident_bytes}}}};
  return Dump(document);
}

std::string HealthJson(const About& about, const std::vector<HealthReason>& reasons) {
  json document{{"ok", reasons.empty()}, {"pipeline", about.pipeline}};
  if (!reasons.empty()) document["reasons"] = ReasonsJson(reasons);
  return Dump(document);
}

}  // namespace sluice
