#include "source/produce.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/clock.h"
#include "core/pause.h"
#include "source/record_feed.h"
#include "source/record_sender.h"
#include "source/topic_admin.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswerWait{10'000};
constexpr milliseconds kAskAgain{1'000};
constexpr milliseconds kStep{50};
constexpr int64_t kProgressMs = 100;
constexpr int64_t kStopFlushMs = 10'000;

Status CheckOptions(const ProduceOptions& options) {
  const auto need = [](bool holds, const char* what) -> Status {
    if (holds) return {};
    return Fail(ErrorKind::kUsage, what);
  };
  SLUICE_TRY(need(options.embedded || !options.brokers.empty(), "no Kafka broker is named"));
  SLUICE_TRY(need(!options.embedded || !options.group.empty(),
                  "the embedded broker's reader is not named: its group is needed"));
  SLUICE_TRY(need(!options.embedded || options.embedded->topic == options.topic,
                  "the embedded broker has another topic"));
  SLUICE_TRY(need(!options.topic.empty(), "no topic is named"));
  SLUICE_TRY(need(options.repeat >= 1, "--repeat is below 1"));
  SLUICE_TRY(need(options.delay_ms >= 0 && options.rate >= 0, "a negative --delay or --rate"));
  return need(options.delay_ms == 0 || options.rate == 0, "--delay and --rate exclude each other");
}

class Production {
 public:
  Production(const ProduceOptions& options,
             const std::function<void(const ProduceProgress&)>& on_progress, std::stop_token stop)
      : options_(options), on_progress_(on_progress), stop_(std::move(stop)) {}

  Result<ProduceSummary> Run();

 private:
  Status Open();
  Status PrepareTopic();
  Status FindTopic(TopicAdmin& admin);
  Status SendAll();
  Status SendOne();
  Status WaitForRoom();
  void WaitForTurn();
  Status Flush();
  void Report(std::string_view waiting, bool now = false);

  const ProduceOptions& options_;
  const std::function<void(const ProduceProgress&)>& on_progress_;
  std::stop_token stop_;
  std::unique_ptr<RecordFeed> feed_;
  std::unique_ptr<RecordSender> sender_;
  ProduceSummary summary_;
  SteadyTime start_ = Now();
  SteadyTime turn_ = Now();
  SteadyTime reported_{};
};

Result<ProduceSummary> Production::Run() {
  SLUICE_TRY(Open());
  const Status sent = SendAll();
  const Status flushed = Flush();
  Report("", /*now=*/true);
  summary_.acked = sender_->acked();
  summary_.elapsed_ms = ElapsedMs(start_);
  summary_.stopped = stop_.stop_requested();
  if (!sent) {
    Error error = sent.error();
    if (error.kind == ErrorKind::kBadInput) {
      error.message += fmt::format("; the {} records before it were sent", summary_.acked);
    }
    return Fail(std::move(error));
  }
  SLUICE_TRY(flushed);
  return summary_;
}

Status Production::Open() {
  SLUICE_ASSIGN(feed_, RecordFeed::Make(options_, stop_));
  SLUICE_ASSIGN(sender_, RecordSender::Make(options_));
  if (!options_.embedded) return PrepareTopic();
  return sender_->backlog().Begin(sender_->client(), options_.embedded->partitions, kAnswerWait);
}

Status Production::PrepareTopic() {
  TopicAdmin admin(sender_->client(), options_.topic, [this] {
    sender_->Serve(milliseconds{0});
    return !sender_->Check() || stop_.stop_requested();
  });
  const Status found = FindTopic(admin);
  if (found) return {};
  Error error = found.error();
  if (error.code != "topic_absent") return Fail(std::move(error));
  if (options_.create_partitions <= 0) {
    error.hint = "`--partitions N` creates it";
    return Fail(std::move(error));
  }
  SLUICE_TRY(admin.Create(options_.create_partitions, kAnswerWait));
  const SteadyTime created = Now();
  for (;;) {
    const auto described = admin.Describe(kAnswerWait);
    if (described) return {};
    if (!PauseFor(kStep, stop_) || ElapsedMs(created) > kAnswerWait.count()) {
      return Fail(described.error());
    }
  }
}

// Waits for a broker that is away.
Status Production::FindTopic(TopicAdmin& admin) {
  for (;;) {
    const auto described = admin.Describe(kAskAgain);
    sender_->Serve(milliseconds{0});
    SLUICE_TRY(sender_->Check());
    if (described) return {};
    Error error = sender_->Explain(described.error());
    if (error.kind != ErrorKind::kRetryable) return Fail(std::move(error));
    if (stop_.stop_requested()) {
      return Fail(ErrorKind::kShutdown, "stopped before a record was sent: " + error.message);
    }
    if (ElapsedMs(start_) >= options_.wait_ms) return Fail(std::move(error));
    if (sender_->Waiting().empty()) error.message = "the broker has not answered yet";
    Report(error.message);
    PauseFor(kStep, stop_);
  }
}

Status Production::SendAll() {
  while (!stop_.stop_requested()) {
    SLUICE_ASSIGN(const bool found, feed_->Next());
    if (!found) return {};
    ++summary_.rows_read;
    if (options_.embedded) SLUICE_TRY(WaitForRoom());
    if (summary_.rows_read > 1) WaitForTurn();
    SLUICE_TRY(SendOne());
    Report(sender_->Waiting());
  }
  return {};
}

Status Production::SendOne() {
  while (!stop_.stop_requested()) {
    SLUICE_ASSIGN(const bool sent, sender_->Send(feed_->key(), feed_->value()));
    sender_->Serve(sent ? milliseconds{0} : kStep);
    if (sent) {
      summary_.value_bytes += static_cast<int64_t>(feed_->value().size());
      return {};
    }
    Report(sender_->Waiting());
  }
  return {};
}

Status Production::WaitForRoom() {
  while (!sender_->backlog().HasRoom() && !stop_.stop_requested()) {
    SLUICE_TRY(sender_->Check());
    sender_->Serve(milliseconds{1});
    const Status asked = sender_->backlog().Refresh(sender_->client(), options_.group, kAnswerWait);
    if (!asked && asked.error().kind != ErrorKind::kRetryable) return asked;
    if (sender_->backlog().HasRoom()) return {};
    Report("`sluice run` must read first");
    sender_->Serve(kStep);
  }
  return {};
}

void Production::WaitForTurn() {
  using std::chrono::duration_cast;
  const auto gap =
      options_.rate > 0
          ? duration_cast<SteadyTime::duration>(std::chrono::duration<double>(1 / options_.rate))
          : SteadyTime::duration(milliseconds(options_.delay_ms));
  if (gap == SteadyTime::duration{}) return;
  // A rate makes up for a short stall; a delay is a pause after each record.
  const bool late = options_.rate == 0 || Now() - turn_ > milliseconds{1'000};
  turn_ = (late ? std::max(turn_, Now()) : turn_) + gap;
  // Less than a millisecond is not waited for: the next turn does.
  for (;;) {
    const auto left = duration_cast<milliseconds>(turn_ - Now());
    if (left.count() <= 0 || stop_.stop_requested()) return;
    sender_->Serve(std::min(left, kStep));
    Report(sender_->Waiting());
  }
}

Status Production::Flush() {
  const SteadyTime begin = Now();
  rd_kafka_flush(sender_->client(), 0);
  while (sender_->in_flight() > 0) {
    SLUICE_TRY(sender_->Check());
    if (stop_.stop_requested() && ElapsedMs(begin) > kStopFlushMs) {
      return Fail(ErrorKind::kShutdown,
                  fmt::format("stopped; {} records were not acknowledged", sender_->in_flight()));
    }
    sender_->Serve(kStep);
    Report(sender_->Waiting());
  }
  return sender_->Check();
}

void Production::Report(std::string_view waiting, bool now) {
  if (!on_progress_ || (!now && ElapsedMs(reported_) < kProgressMs)) return;
  reported_ = Now();
  on_progress_({.rows_read = summary_.rows_read,
                .acked = sender_->acked(),
                .bytes = feed_->bytes_read(),
                .total_bytes = feed_->total_bytes(),
                .waiting = std::string(waiting)});
}

}  // namespace

Result<ProduceSummary> Produce(const ProduceOptions& options,
                               const std::function<void(const ProduceProgress&)>& on_progress,
                               std::stop_token stop) {
  SLUICE_TRY(CheckOptions(options));
  return Production(options, on_progress, std::move(stop)).Run();
}

}  // namespace sluice
