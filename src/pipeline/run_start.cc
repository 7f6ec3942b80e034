#include "pipeline/run_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/clock.h"
#include "ledger/claims.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "pipeline/lake_store.h"
#include "pipeline/stations.h"
#include "postgres/server_facts.h"
#include "source/out_of_range.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBrokerWait{5'000};
constexpr milliseconds kAskAgain{2'000};

// A method for each phase, in this order.
class Start {
 public:
  Start(const Spec& spec, const RunOptions& options, const RunEvents& events, StatusBoard& board,
        std::stop_token stop)
      : spec_(spec), options_(options), events_(events), board_(board), stop_(stop) {}

  Result<RunBasis> Execute() {
    SLUICE_TRY(Open());
    SLUICE_TRY(WaitFor("PostgreSQL", WaitOptions(), [this] { return PrepareTables(); }));
    SLUICE_TRY(FindLog());
    return std::move(basis_);
  }

 private:
  OpenOptions WaitOptions() const {
    return {.wait = options_.wait, .stop = stop_, .on_wait = [this](const std::string& reason) {
              board_.UpdateRun([&](RunStatus& run) { run.waiting = reason; });
              events_.on_wait(reason);
            }};
  }

  Status Open() {
    const OpenOptions open = WaitOptions();
    SLUICE_ASSIGN(basis_.services, OpenServices(spec_, open));
    SLUICE_TRY(
        WaitFor("the lake", open, [this] { return CheckLake(spec_, *basis_.services.store); }));
    return {};
  }

  // For the start only: later the workers have sessions of their own.
  Result<SqlSession*> Session() {
    if (!session_ || !session_->IsAlive()) {
      SLUICE_ASSIGN(session_, basis_.services.database->Connect("sluice-run"));
    }
    return session_.get();
  }

  Status CheckServer(SqlSession& session) const {
    SLUICE_ASSIGN(const ServerFacts facts, ReadServerFacts(session));
    return CheckTakesCommits(facts, options_.async_commit);
  }

  Status PrepareTables() {
    auto stations = MakeStations(spec_, *basis_.services.store, "prepare");
    if (!stations) return Fail(AsError(stations.error()));
    SLUICE_ASSIGN(SqlSession* const session, Session());
    SLUICE_TRY(CheckServer(*session));
    SLUICE_TRY(CreateLedgerTables(*session));
    SLUICE_TRY(RegisterPipeline(*session, RegistrationOf(spec_)));
    SLUICE_ASSIGN(auto changes, stations->lake->Plan(*session));
    SLUICE_TRY(stations->lake->Prepare(*session));
    sinks_ = {Sink::kLake};
    if (stations->warehouse) {
      sinks_.push_back(Sink::kWarehouse);
      SLUICE_ASSIGN(auto more, stations->warehouse->Plan(*session));
      SLUICE_TRY(stations->warehouse->Prepare(*session));
      std::move(more.begin(), more.end(), std::back_inserter(changes));
    }
    events_.on_tables(changes);
    return {};
  }

  Status FindLog() {
    SLUICE_ASSIGN(basis_.broker, OpenBroker(spec_, true));
    SLUICE_ASSIGN(basis_.watcher, MakeSource(spec_, basis_.broker, "sluice-watch"));
    TopicIdentity topic;
    SLUICE_TRY(WaitFor("Kafka", WaitOptions(), [&]() -> Status {
      SLUICE_ASSIGN(topic, basis_.watcher->Identify(kAskAgain));
      // A topic that was made a moment ago may show none yet: all of it would count as read.
      if (topic.partitions > 0) return {};
      return Fail(ErrorKind::kRetryable, fmt::format("topic `{}` has no partitions", topic.topic));
    }));
    basis_.partitions = topic.partitions;
    SLUICE_TRY(WaitFor("PostgreSQL", WaitOptions(), [&] { return FindMarks(topic); }));
    board_.UpdateRun([&](RunStatus& run) {
      run.broker = basis_.broker.bootstrap;
      run.embedded_broker = basis_.broker.embedded.has_value();
      run.log = basis_.log;
    });
    events_.on_source(basis_.broker.bootstrap, basis_.broker.embedded.has_value(),
                      basis_.broker.own != nullptr, basis_.log);
    if (marks_.empty()) SLUICE_TRY(StartLog());
    if (!options_.once) return {};
    return WaitFor("Kafka", WaitOptions(), [this] { return SetTargets(); });
  }

  Status FindMarks(const TopicIdentity& topic) {
    SLUICE_ASSIGN(SqlSession* const session, Session());
    SLUICE_ASSIGN(basis_.log, ResolveLog(*session, spec_.pipeline, topic, false));
    SLUICE_ASSIGN(marks_, LeastMarks(*session, spec_.pipeline, basis_.log));
    return {};
  }

  // `start:` is for the partitions that a log has when it is first read.
  Status StartLog() {
    std::map<PartitionId, Offset> first;
    for (int32_t partition = 0; partition < basis_.partitions; ++partition) {
      SLUICE_ASSIGN(first[PartitionId{partition}], FirstOffset(PartitionId{partition}));
    }
    return WaitFor("PostgreSQL", WaitOptions(), [&]() -> Status {
      SLUICE_ASSIGN(SqlSession* const session, Session());
      return StartPartitions(*session, {spec_.pipeline, "", basis_.log, sinks_}, first);
    });
  }

  Result<Offset> FirstOffset(PartitionId partition) {
    if (spec_.source.start == StartAt::kTimestamp) {
      return basis_.watcher->OffsetAtTime(partition, spec_.source.start_timestamp_ms, kBrokerWait);
    }
    SLUICE_ASSIGN(const Watermarks marks, basis_.watcher->QueryWatermarks(partition, kBrokerWait));
    return spec_.source.start == StartAt::kLatest ? marks.high : marks.low;
  }

  // A mark beyond the log's end would count as reached: its partition is stopped from the start.
  Status SetTargets() {
    for (int32_t partition = 0; partition < basis_.partitions; ++partition) {
      const PartitionId id{partition};
      SLUICE_ASSIGN(const Watermarks marks, basis_.watcher->QueryWatermarks(id, kBrokerWait));
      basis_.targets[id] = marks.high;
      const auto mark = marks_.find(id);
      if (mark == marks_.end() || mark->second <= marks.high) continue;
      basis_.stopped_at_start.insert(
          {id, FailureOutOfRange(spec_.source.topic, partition, mark->second.value, marks)});
    }
    return {};
  }

  const Spec& spec_;
  const RunOptions& options_;
  const RunEvents& events_;
  StatusBoard& board_;
  std::stop_token stop_;
  RunBasis basis_;
  std::unique_ptr<SqlSession> session_;
  std::vector<Sink> sinks_;
  std::map<PartitionId, Offset> marks_;
};

}  // namespace

Result<RunBasis> StartRun(const Spec& spec, const RunOptions& options, const RunEvents& events,
                          StatusBoard& board, std::stop_token stop) {
  return Start(spec, options, events, board, stop).Execute();
}

}  // namespace sluice
