#include "pipeline/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/clock.h"
#include "core/pause.h"
#include "pipeline/byte_budget.h"
#include "pipeline/lake_store.h"
#include "postgres/conninfo.h"
#include "postgres/database.h"
#include "source/kafka_source.h"

namespace sluice {
namespace {

constexpr int64_t kFirstDelayMs = 100;
constexpr int64_t kMaxDelayMs = 2'000;

// The last reason, and for how long it was waited out.
std::unexpected<Error> GivenUp(std::string_view what, const OpenOptions& options,
                               const Status& status) {
  Error error = status.error();
  if (error.hint.empty()) {
    error.hint = fmt::format("waited {} s for {}; --wait says for how long",
                             options.wait.count() / 1000, what);
  }
  return Fail(std::move(error));
}

}  // namespace

Status WaitFor(std::string_view what, const OpenOptions& options,
               const std::function<Status()>& attempt) {
  const SteadyTime start = Now();
  for (int64_t delay = kFirstDelayMs;; delay = std::min(delay * 2, kMaxDelayMs)) {
    Status status = attempt();
    if (status || status.error().kind != ErrorKind::kRetryable) {
      options.on_wait("");
      return status;
    }
    if (ElapsedMs(start) + delay > options.wait.count()) return GivenUp(what, options, status);
    options.on_wait(fmt::format("waiting for {}: {}", what, status.error().message));
    if (!PauseFor(std::chrono::milliseconds(delay), options.stop)) {
      return Fail(ErrorKind::kShutdown, fmt::format("stopped while waiting for {}", what));
    }
  }
}

Result<Services> OpenServices(const Spec& spec, const OpenOptions& options) {
  Services services;
  SLUICE_ASSIGN(services.store, MakeLakeStore(spec));
  if (spec.warehouse.embedded) {
    SLUICE_TRY(WaitFor("the private PostgreSQL", options, [&]() -> Status {
      SLUICE_ASSIGN(services.server, PrivateServer::Open(spec.StateFolder()));
      return {};
    }));
    services.conninfo = services.server->Conninfo();
    SLUICE_ASSIGN(services.database, services.server->Database());
  } else {
    DatabaseOptions database;
    if (spec.warehouse.insecure_tls) database.tls = RemoteTls::kAsWritten;
    SLUICE_ASSIGN(ConnectParams params, CompleteConninfo(spec.warehouse.url, database.tls));
    // What the service file says is among them now; other programs may look for it elsewhere.
    params.erase("service");
    services.conninfo = SpellConninfo(params);
    SLUICE_ASSIGN(services.database, MakeDatabase(spec.warehouse.url, database));
  }
  SLUICE_TRY(WaitFor("PostgreSQL", options, [&]() -> Status {
    SLUICE_TRY(services.database->Connect("sluice"));
    return {};
  }));
  return services;
}

Result<BrokerUse> OpenBroker(const Spec& spec, bool start) {
  BrokerUse use;
  if (!spec.source.embedded) {
    use.bootstrap = spec.source.brokers;
    return use;
  }
  SLUICE_ASSIGN(use.embedded, FindEmbeddedBroker(spec.StateFolder()));
  if (!use.embedded && !start) {
    return Fail(ErrorKind::kRetryable, "the embedded broker is not running",
                "it lives inside `sluice run`: start that first, in another terminal");
  }
  if (!use.embedded) {
    std::error_code ignored;  // Start itself says what is wrong with the folder
    std::filesystem::create_directories(spec.StateFolder(), ignored);
    SLUICE_ASSIGN(use.own, EmbeddedBroker::Start(spec.StateFolder(), spec.source.topic,
                                                 spec.source.partitions));
    use.embedded = use.own->address();
  }
  use.bootstrap = use.embedded->bootstrap;
  if (use.embedded->topic != spec.source.topic) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("the project's embedded broker keeps topic `{}`, not `{}`",
                            use.embedded->topic, spec.source.topic),
                "end the `sluice run` or `sluice broker` that runs it, then start again");
  }
  return use;
}

Result<std::unique_ptr<Source>> MakeSource(const Spec& spec, const BrokerUse& broker,
                                           const std::string& client_id, Seat seat) {
  KafkaSourceOptions options;
  options.brokers = broker.bootstrap;
  options.topic = spec.source.topic;
  options.group = spec.source.group;
  options.options = spec.source.options;
  const auto instance = options.options.find("group.instance.id");
  if (instance != options.options.end() && seat.number > 0) {
    instance->second += fmt::format("-{}", seat.number);
  }
  const ByteShare share = ByteShare::Of(seat.workers);
  options.options.try_emplace("queued.max.messages.kbytes",
                              std::to_string(share.fetched_ahead >> 10));
  options.max_batch_rows = spec.source.max_batch_rows;
  options.max_batch_bytes = std::min(spec.source.max_batch_bytes, share.batch);
  options.client_id = client_id;
  if (broker.embedded) {
    options.embedded = true;
    options.embedded_topic_uuid = broker.embedded->topic_uuid;
    options.embedded_cluster_id = broker.embedded->cluster_id;
  }
  return MakeKafkaSource(std::move(options));
}

}  // namespace sluice
