#include "pipeline/gold_stage.h"

#include <fmt/format.h>

#include <array>

#include "core/log.h"
#include "ledger/schema.h"

namespace sluice {
namespace {

Status StoreNode(SqlSession& session, const std::string& invocation, const NodeResult& node) {
  const std::array<SqlValue, 8> params{invocation,
                                       node.unique_id,
                                       node.name,
                                       node.kind,
                                       node.status,
                                       fmt::format("{}", node.seconds),
                                       node.failures ? TextOf(*node.failures) : SqlValue{},
                                       node.message};
  SLUICE_TRY(
      session.Query("INSERT INTO sluice.dbt_node (invocation_id, unique_id, name, kind, "
                    "status, seconds, failures, message) VALUES ($1, $2, $3, $4, $5, "
                    "$6::double precision, $7::bigint, $8)",
                    params));
  return {};
}

}  // namespace

Status StoreBuild(SqlSession& session, const std::string& pipeline, const BuildResult& build) {
  return InTransaction(session, [&]() -> Status {
    const std::array<SqlValue, 12> params{build.invocation_id,   pipeline,
                                          build.started_at,      fmt::format("{}", build.seconds),
                                          build.ok ? "t" : "f",  TextOf(build.models),
                                          TextOf(build.tests),   TextOf(build.passed),
                                          TextOf(build.warned),  TextOf(build.failed),
                                          TextOf(build.errored), TextOf(build.skipped)};
    SLUICE_TRY(session.Query(
        "INSERT INTO sluice.dbt_run (invocation_id, pipeline, started_at, seconds, ok, models, "
        "tests, passed, warned, failed, errored, skipped) VALUES ($1, $2, $3::timestamptz, "
        "$4::double precision, $5::boolean, $6::int, $7::int, $8::int, $9::int, $10::int, "
        "$11::int, "
        "$12::int) ON CONFLICT DO NOTHING",
        params));
    for (const auto& node : build.nodes) SLUICE_TRY(StoreNode(session, build.invocation_id, node));
    return {};
  });
}

void GoldStage::NotifyCommit() {
  {
    const std::lock_guard lock(mutex_);
    stale_ = true;
  }
  runner_->NotifyCommit();
}

Result<BuildResult> GoldStage::BuildNow() {
  {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return stale_ || !building_; });
    if (!stale_ && last_ && *last_) return *last_;
  }
  return runner_->BuildNow();
}

Result<BuildResult> GoldStage::Build(std::stop_token stop) {
  {
    const std::lock_guard lock(mutex_);
    stale_ = false;
    building_ = true;
  }
  auto result = WithCause(worker_->Build(stop));
  {
    const std::lock_guard lock(mutex_);
    building_ = false;
    last_ = result;
  }
  ended_.notify_all();
  return result;
}

// dbt's driver knows no SQLSTATE of a session that it did not get; ours does, in any language.
Result<BuildResult> GoldStage::WithCause(Result<BuildResult> result) const {
  if (result || result.error().kind != ErrorKind::kRetryable) return result;
  const auto session = database_->Connect("sluice-gold");
  if (session || session.error().kind != ErrorKind::kInvalidConfig) return result;
  return Fail(session.error());
}

Result<std::unique_ptr<GoldStage>> GoldStage::Make(
    const Spec& spec, Services& services,
    std::function<void(const Result<BuildResult>&)> on_result) {
  std::unique_ptr<GoldStage> stage(new GoldStage());
  stage->database_ = services.database.get();
  DbtOptions options;
  options.project_folder = spec.gold->dbt;
  options.profiles_folder = spec.StateFolder() + "/dbt/profiles";
  options.state_folder = spec.StateFolder() + "/dbt";
  options.conninfo = services.conninfo;
  options.schema = spec.gold->schema;
  SLUICE_ASSIGN(stage->worker_, DbtWorker::Make(std::move(options)));
  SLUICE_TRY(stage->worker_->Start());
  const auto keep = [&database = *services.database, pipeline = spec.pipeline,
                     on_result = std::move(on_result)](const Result<BuildResult>& result) {
    on_result(result);
    if (!result) return;
    auto session = database.Connect("sluice-gold");
    const Status stored =
        session ? StoreBuild(**session, pipeline, *result) : Status(Fail(session.error()));
    if (!stored) LogError("results of a dbt build were not kept", stored.error());
  };
  stage->runner_ = std::make_unique<GoldRunner>(
      GoldOptions{.every = std::chrono::milliseconds(spec.gold->every_ms),
                  .build = [self = stage.get()](std::stop_token stop) { return self->Build(stop); },
                  .on_result = keep});
  return stage;
}

}  // namespace sluice
