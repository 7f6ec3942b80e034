#include <fmt/format.h>
#include <sys/statvfs.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/waiting.h"
#include "core/clock.h"
#include "core/text.h"
#include "gold/python.h"
#include "pipeline/lake_store.h"
#include "pipeline/services.h"
#include "pipeline/stations.h"
#include "postgres/server_facts.h"

namespace sluice::cli {
namespace {

constexpr int64_t kLeastFreeBytes = int64_t{1} << 30;
constexpr int64_t kMostSkewMs = int64_t{5} * 60 * 1000;

struct Finding {
  std::string what;
  bool fine = true;
  std::string detail;
  std::string cure{};
};

Finding FromError(std::string what, const Error& error) {
  return {std::move(what), false, error.message, error.hint};
}

Finding CheckDisk(const Spec& spec) {
  struct statvfs disk{};
  if (statvfs(spec.folder.c_str(), &disk) != 0) {
    return {"disk", false, "cannot look at " + spec.folder, "check the folder's rights"};
  }
  const auto free = static_cast<int64_t>(disk.f_bavail * disk.f_frsize);
  return {"disk", free >= kLeastFreeBytes, Bytes(free) + " free in " + spec.folder,
          free >= kLeastFreeBytes ? "" : "free at least 1 GiB"};
}

Finding CheckDbt(const Spec& spec) {
  const std::vector<std::string> below{ProgramFolder(), spec.folder};
  const auto python = FindDbtPython("", below);
  if (!python) return FromError("dbt", python.error());
  return {"dbt", true, *python};
}

// A clock that is far off makes other engines refuse to commit beside us.
Finding CheckClock(SqlSession& session) {
  const auto rows = session.Query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
  if (!rows) return FromError("clock", rows.error());
  const int64_t skew = WallClockMs() - IntegerOf(rows->rows[0][0]);
  return {"clock", std::abs(skew) < kMostSkewMs, fmt::format("{} ms off PostgreSQL's", skew),
          std::abs(skew) < kMostSkewMs ? "" : "set this machine's clock (NTP)"};
}

std::string Told(const ServerFacts& facts) {
  return fmt::format("version {}, database {}, role {}, {}, {} of {} connections", facts.version,
                     facts.database, facts.role, facts.tls.empty() ? "no TLS" : facts.tls,
                     facts.connections, facts.max_connections);
}

std::vector<Finding> CheckServer(const Spec& spec, const Services& services, SqlSession& session) {
  const auto facts = ReadServerFacts(session);
  if (!facts) return {FromError("PostgreSQL", facts.error())};
  std::vector<Finding> findings{{"PostgreSQL", true, Told(*facts)},
                                {"address", true, services.database->Address()}};
  const Status takes = CheckTakesCommits(*facts, AsyncCommit::kRefused);
  if (!takes) findings.push_back(FromError("commits", takes.error()));
  if (!facts->fsync || !facts->full_page_writes) {
    findings.push_back({"durability", false,
                        fmt::format("{} is off: a crash may leave a broken database",
                                    facts->fsync ? "full_page_writes" : "fsync"),
                        "set it to on in postgresql.conf"});
  }
  if (facts->superuser && !spec.warehouse.embedded) {
    findings.push_back({"role", true,
                        fmt::format("{} is a superuser, more than sluice needs", facts->role),
                        "`sluice plan --sql --run-role NAME` prints what a role of its own needs"});
  }
  return findings;
}

Finding CheckStore(const Spec& spec) {
  const auto store = MakeLakeStore(spec);
  if (!store) return FromError("lake", store.error());
  const Status checked = CheckLake(spec, **store);
  if (!checked) return FromError("lake", checked.error());
  std::vector<std::string> places;
  for (const RemotePath& place : LakePlaces(spec)) places.push_back(place.value);
  const auto endpoint = spec.lake.s3.find("endpoint");
  return {"lake", true,
          Join(places, ", ") + (endpoint == spec.lake.s3.end() ? "" : " at " + endpoint->second) +
              ": writes, reads, never overwrites"};
}

Finding CheckBroker(const Spec& spec) {
  const auto broker = OpenBroker(spec, false);
  if (!broker && spec.source.embedded) {
    return {"Kafka", true, "embedded; starts with `sluice run`"};
  }
  if (!broker) return FromError("Kafka", broker.error());
  const auto source = MakeSource(spec, *broker, "sluice-doctor");
  if (!source) return FromError("Kafka", source.error());
  const auto topic = (*source)->Identify(std::chrono::seconds(5));
  if (!topic) return FromError("Kafka", topic.error());
  return {"Kafka", true,
          fmt::format("{}: topic `{}`, {} partitions", broker->bootstrap, topic->topic,
                      topic->partitions)};
}

std::vector<Finding> Examine(const Spec& spec) {
  std::vector<Finding> findings{{"pipeline file", true, spec.file}, CheckDisk(spec)};
  const auto problems = CheckSql(spec);
  if (!problems.empty()) {
    findings.push_back({"silver SQL", false, problems[0].message, "sluice validate --offline"});
  }
  if (spec.gold) findings.push_back(CheckDbt(spec));
  findings.push_back(CheckBroker(spec));
  findings.push_back(CheckStore(spec));
  const auto services = OpenServices(spec, Waiting(5));
  if (!services) {
    findings.push_back(FromError("PostgreSQL", services.error()));
    return findings;
  }
  const auto session = services->database->Connect("sluice-doctor");
  if (!session) {
    findings.push_back(FromError("PostgreSQL", session.error()));
    return findings;
  }
  for (auto& finding : CheckServer(spec, *services, **session)) {
    findings.push_back(std::move(finding));
  }
  findings.push_back(CheckClock(**session));
  return findings;
}

}  // namespace

int Doctor(const CommonArgs& common, const DoctorArgs&) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto findings = Examine(*spec);
  nlohmann::json json = nlohmann::json::array();
  std::string text;
  bool fine = true;
  for (const auto& finding : findings) {
    fine = fine && finding.fine;
    text += fmt::format("{}  {:<14} {}\n", finding.fine ? "ok  " : "FAIL", finding.what,
                        EscapeControl(finding.detail));
    if (!finding.cure.empty()) text += fmt::format("      {:<14} = help: {}\n", "", finding.cure);
    json.push_back({{"check", finding.what},
                    {"ok", finding.fine},
                    {"detail", finding.detail},
                    {"cure", finding.cure}});
  }
  Print(common.json() ? json.dump() + "\n" : text);
  return fine ? 0 : ExitCode(ErrorKind::kRetryable);
}

}  // namespace sluice::cli
