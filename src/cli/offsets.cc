#include <fmt/format.h>

#include <chrono>

#include "cli/args.h"
#include "cli/output.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "pipeline/services.h"

namespace sluice::cli {
namespace {

Result<std::string> Accept(const Spec& spec, bool yes) {
  SLUICE_ASSIGN(const auto services, OpenServices(spec, {.wait = std::chrono::seconds(10)}));
  SLUICE_ASSIGN(const auto session, services.database->Connect("sluice-offsets"));
  SLUICE_ASSIGN(const BrokerUse broker, OpenBroker(spec, false));
  SLUICE_ASSIGN(const auto source, MakeSource(spec, broker, "sluice-offsets"));
  SLUICE_ASSIGN(const TopicIdentity topic, source->Identify(std::chrono::seconds(10)));
  SLUICE_TRY(CreateLedgerTables(*session));
  SLUICE_ASSIGN(const auto known, FindLog(*session, spec.pipeline, topic));
  if (known) {
    return fmt::format("topic `{}` is the one that is read already (log {}): nothing to accept\n",
                       topic.topic, known->value);
  }
  if (!yes) {
    return fmt::format(
        "would take topic `{}` ({} on cluster {}) as a new log, read from its start; "
        "add --yes to do it\n",
        topic.topic, topic.topic_uuid, topic.cluster_id);
  }
  SLUICE_ASSIGN(const LogId log, ResolveLog(*session, spec.pipeline, topic, true));
  return fmt::format("topic `{}` is log {}\n", topic.topic, log.value);
}

}  // namespace

int AcceptNewLog(const CommonArgs& common, const AcceptLogArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto done = Accept(*spec, args.yes);
  if (!done) return Failed(common, done.error());
  Print(*done);
  return 0;
}

}  // namespace sluice::cli
