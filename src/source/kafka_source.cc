#include "source/kafka_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/log.h"
#include "source/batch_fill.h"
#include "source/broker_health.h"
#include "source/consumer_conf.h"
#include "source/consumer_group.h"
#include "source/kafka_conf.h"
#include "source/partition_failures.h"
#include "source/progress_report.h"
#include "source/stuck_partitions.h"
#include "source/topic_admin.h"
#include "source/topic_watch.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr size_t kSliceRecords = 1024;
constexpr milliseconds kGatherSlice{100};  // a poll that gathers takes no longer

class KafkaSource final : public Source {
 public:
  explicit KafkaSource(KafkaSourceOptions options)
      : options_(std::move(options)), health_(options_.brokers) {}
  ~KafkaSource() override;

  Status Open();
  Result<Polled> Poll(const PollTime& time) override;
  Status Assign(std::span<const OffsetRange> from) override {
    for (const auto& range : from) DropFrom(gathered_.batch, range.partition.value, 0);
    return group_->Assign(from);
  }
  Status Unassign(std::span<const PartitionId> partitions) override {
    return group_->Unassign(partitions);
  }
  Status Pause(std::span<const PartitionId> partitions) override {
    return group_->Pause(partitions);
  }
  Status Resume(std::span<const PartitionId> partitions) override {
    return group_->Resume(partitions);
  }
  Result<Watermarks> QueryWatermarks(PartitionId partition, milliseconds wait) override {
    return Explained(admin_->QueryWatermarks(partition, wait));
  }
  Result<Offset> OffsetAtTime(PartitionId partition, int64_t timestamp_ms,
                              milliseconds wait) override {
    return Explained(admin_->OffsetAtTime(partition, timestamp_ms, wait));
  }
  Result<TopicIdentity> Identify(milliseconds wait) override;
  void ReportProgress(std::span<const OffsetRange> committed) override {
    report_->Send(*group_, committed);
  }
  SourceCounters Counters() const override;

 private:
  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*,
                          void* self);
  static void OnError(rd_kafka_t*, int code, const char* reason, void* self);
  static void OnCommit(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*,
                       void* self);

  void BeginBatch();
  void Collect(const PollTime& time);
  bool MayGather() const;
  size_t Room() const {
    return RoomFor(gathered_.batch, options_.max_batch_rows, options_.max_batch_bytes);
  }
  size_t Take(milliseconds wait, size_t most);
  void TakeRecord(const rd_kafka_message_t& message);
  void FailOutOfOrder(const rd_kafka_message_t& message, Position& position);
  void TakeEvent(const rd_kafka_message_t& message);
  void TakeGroupError(const rd_kafka_message_t& message);
  void TakeEnd(const rd_kafka_message_t& message);
  void TakeTrouble(const rd_kafka_message_t& message);
  void CloseRanges();
  Status ConfirmTopic();
  Status TakeBack();
  void Explain();
  void Fail(int32_t partition, Error error);
  void FailAll(const Error& error);
  void ServeCallbacks();
  template <typename T>
  Result<T> Explained(Result<T> answer);

  KafkaSourceOptions options_;
  BrokerHealth health_;
  KafkaClient client_;
  KafkaQueue queue_;
  KafkaClient asking_;  // a connection of its own for questions
  std::unique_ptr<ConsumerGroup> group_;
  std::unique_ptr<TopicAdmin> admin_;
  std::unique_ptr<TopicWatch> watch_;
  std::unique_ptr<StuckPartitions> stuck_;
  std::unique_ptr<ProgressReport> report_;
  bool joined_ = false;
  std::optional<Error> refused_;  // by the group
  std::vector<rd_kafka_message_t*> slots_ = std::vector<rd_kafka_message_t*>(kSliceRecords);
  SourceCounters counters_;
  Polled gathered_;
  size_t last_records_ = 0;  // the next batch is likely as large
};

KafkaSource::~KafkaSource() {
  if (!group_ || !joined_ || group_->Leave()) return;
  queue_.reset();
  EndInBackground(std::move(client_));
}

Status KafkaSource::Open() {
  SLUICE_ASSIGN(KafkaConf conf, MakeConsumerConf(options_));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), OnCommit);
  SLUICE_ASSIGN(client_, MakeClient(RD_KAFKA_CONSUMER, std::move(conf)));
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  SLUICE_ASSIGN(KafkaConf asking, MakeQuestionConf(options_));
  rd_kafka_conf_set_opaque(asking.get(), this);
  rd_kafka_conf_set_error_cb(asking.get(), OnError);
  SLUICE_ASSIGN(asking_, MakeClient(RD_KAFKA_CONSUMER, std::move(asking)));
  group_ = std::make_unique<ConsumerGroup>(client_.get(), options_.topic,
                                           options_.options.contains("group.instance.id"));
  admin_ = std::make_unique<TopicAdmin>(asking_.get(), options_.topic, [this] {
    ServeCallbacks();
    return health_.Refusal().has_value();
  });
  watch_ = std::make_unique<TopicWatch>(*admin_, options_.topic, !options_.embedded);
  stuck_ = std::make_unique<StuckPartitions>(*group_, *admin_, options_.topic);
  report_ = std::make_unique<ProgressReport>(client_.get(), options_.topic);
  return {};
}

Result<Polled> KafkaSource::Poll(const PollTime& time) {
  if (!joined_) {
    SLUICE_TRY(group_->Join());
    joined_ = true;
  }
  if (gathered_.batch.records.empty()) BeginBatch();
  Collect(time);
  ServeCallbacks();
  if (Now() < time.gather && MayGather()) return Polled{};
  CloseRanges();
  const Status confirmed = ConfirmTopic();
  Explain();
  const bool news =
      !gathered_.batch.ranges.empty() || !gathered_.failures.empty() || group_->has_news();
  gathered_.group = group_->TakeChange();
  if (news) return std::exchange(gathered_, {});
  SLUICE_TRY(confirmed);
  if (refused_) return sluice::Fail(*std::exchange(refused_, {}));
  if (health_.troubled()) health_.Probe(asking_.get());
  SLUICE_TRY(health_.Check());
  return Polled{};
}

void KafkaSource::BeginBatch() {
  gathered_.batch.arena = std::make_shared<Arena>();
  gathered_.batch.records.reserve(last_records_);
  for (auto& [partition, position] : group_->positions()) position.batch_start = position.expected;
}

void KafkaSource::Collect(const PollTime& time) {
  const SteadyTime end = std::min(time.gather, Now() + kGatherSlice);
  size_t taken = gathered_.batch.records.empty() ? Take(time.first, 1) : 1;
  while (taken > 0 && Room() > 0) {
    const auto left = MayGather() ? std::chrono::ceil<milliseconds>(end - Now()) : milliseconds{0};
    taken = Take(left, std::min(Room(), kSliceRecords));
  }
}

// Nothing waits with the records that the caller should know of.
bool KafkaSource::MayGather() const {
  return !gathered_.batch.records.empty() && Room() > 0 && gathered_.failures.empty() &&
         !group_->has_news() && !stuck_->any_missing() && !refused_ && !health_.troubled();
}

size_t KafkaSource::Take(milliseconds wait, size_t most) {
  const int wait_ms = static_cast<int>(std::max<int64_t>(0, wait.count()));
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), wait_ms, slots_.data(), most);
  for (ssize_t i = 0; i < count; ++i) {
    const KafkaMessage message(slots_[static_cast<size_t>(i)]);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      TakeRecord(*message);
    } else {
      TakeEvent(*message);
    }
  }
  return count > 0 ? static_cast<size_t>(count) : 0;
}

void KafkaSource::TakeRecord(const rd_kafka_message_t& message) {
  Position* const position = group_->Reading(message.partition);
  if (position == nullptr) return;
  if (message.offset != position->expected) {
    if (!CanFollow(client_.get(), options_.topic, message, position->expected)) {
      return FailOutOfOrder(message, *position);
    }
    counters_.gap_offsets += message.offset - position->expected;
    position->gap_start = position->expected;
  }
  position->expected = message.offset + 1;
  position->moved = false;
  AppendMessage(message, gathered_.batch);
}

void KafkaSource::FailOutOfOrder(const rd_kafka_message_t& message, Position& position) {
  if (message.offset < position.expected) {
    ++counters_.below_expected;
    // The record before was the wrong one when it jumped ahead: go back to where it did.
    if (position.gap_start >= position.batch_start) position.expected = position.gap_start;
    DropFrom(gathered_.batch, message.partition, position.expected);
  }
  Fail(message.partition,
       FailureOutOfOrder(options_.topic, message.partition, position.expected, message.offset));
}

void KafkaSource::TakeEvent(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return TakeEnd(message);
  switch (Classify(message)) {
    case FetchTrouble::kOutOfRange:
    case FetchTrouble::kPartition:
      return TakeTrouble(message);
    case FetchTrouble::kTopicAbsent:
      return watch_->Doubt();
    case FetchTrouble::kTopic:
      return FailAll(FailureOf(message, options_.topic));
    case FetchTrouble::kGroup:
      return TakeGroupError(message);
    case FetchTrouble::kCommit:
      return report_->OnAnswer(message.err);
    case FetchTrouble::kTransient:
      ++counters_.broker_errors;
      return Log(LogLevel::kDebug, "kafka error, going on",
                 {{"error", rd_kafka_message_errstr(&message)}});
  }
}

void KafkaSource::TakeGroupError(const rd_kafka_message_t& message) {
  const auto cause = CauseOf(client_.get(), message.err, rd_kafka_message_errstr(&message));
  refused_ = ToError(cause.code, fmt::format("group `{}`", options_.group), cause.reason);
}

// Control records lie between the last record and the end.
void KafkaSource::TakeEnd(const rd_kafka_message_t& message) {
  health_.OnAnswer();
  Position* const position = group_->Reading(message.partition);
  if (position == nullptr || message.offset < position->expected) return;
  counters_.gap_offsets += message.offset - position->expected;
  position->expected = message.offset;
  position->moved = false;
}

void KafkaSource::TakeTrouble(const rd_kafka_message_t& message) {
  const Position* const position = group_->Reading(message.partition);
  if (position == nullptr) return;
  if (Classify(message) == FetchTrouble::kPartition) {
    return Fail(message.partition, FailureOf(message, options_.topic));
  }
  // One for another offset was on its way when the partition moved.
  if (position->moved && message.offset != position->expected) return;
  stuck_->OnMissing(message.partition, position->expected);
}

void KafkaSource::CloseRanges() {
  RawBatch& batch = gathered_.batch;
  for (const auto& [partition, position] : group_->positions()) {
    if (position.expected == position.batch_start) continue;
    batch.ranges.push_back({{partition}, {position.batch_start}, {position.expected}});
  }
  if (batch.records.empty()) return;
  last_records_ = batch.records.size();
  counters_.records += static_cast<int64_t>(batch.records.size());
  counters_.bytes += static_cast<int64_t>(batch.arena->bytes());
  health_.OnAnswer();
}

// Makes sure that what was taken, or is missing, is of the topic that we read.
Status KafkaSource::ConfirmTopic() {
  const bool must = !gathered_.batch.records.empty() || stuck_->any_missing();
  const bool may = watch_->IsStale() && !health_.troubled();
  if (!must && !may) return {};
  const Status confirmed = watch_->Confirm();
  if (confirmed) return {};
  SLUICE_TRY(TakeBack());
  Error error = confirmed.error();
  const bool gone = error.code == "topic_absent";
  if (error.kind != ErrorKind::kRetryable && !gone) FailAll(error);
  // A topic that is gone for a moment comes back as itself.
  if (gone) {
    watch_->Doubt();
    error.kind = ErrorKind::kRetryable;
  }
  return sluice::Fail(std::move(error));
}

// Forgets the batch: its records will come again.
Status KafkaSource::TakeBack() {
  RawBatch& batch = gathered_.batch;
  counters_.records -= static_cast<int64_t>(batch.records.size());
  counters_.bytes -= static_cast<int64_t>(batch.arena->bytes());
  batch.records.clear();
  return group_->Assign(std::exchange(batch.ranges, {}));
}

void KafkaSource::Explain() {
  auto gone = watch_->CheckDoubt();
  if (!gone && gone.error().kind != ErrorKind::kRetryable) FailAll(gone.error());
  if (gone && *gone) FailAll(**gone);
  for (auto& [partition, error] : stuck_->Explain()) Fail(partition.value, std::move(error));
}

void KafkaSource::Fail(int32_t partition, Error error) {
  group_->Stop(partition);
  gathered_.failures.push_back({{partition}, std::move(error)});
}

void KafkaSource::FailAll(const Error& error) {
  stuck_->Clear();
  for (const auto& [partition, position] : group_->positions()) {
    const bool told = std::ranges::find(gathered_.failures, PartitionId{partition},
                                        &PartitionFailure::partition) != gathered_.failures.end();
    if (position.reading && !told) Fail(partition, error);
  }
  if (gathered_.failures.empty()) refused_ = error;
}

Result<TopicIdentity> KafkaSource::Identify(milliseconds wait) {
  SLUICE_ASSIGN(const auto described, Explained(admin_->Describe(wait)));
  if (options_.embedded) {
    return TopicIdentity{options_.topic, options_.embedded_topic_uuid, options_.embedded_cluster_id,
                         true, described.partitions};
  }
  SLUICE_ASSIGN(std::string cluster, Explained(admin_->ClusterId(wait)));
  watch_->Take(described);
  return TopicIdentity{options_.topic, described.uuid, std::move(cluster), false,
                       described.partitions};
}

SourceCounters KafkaSource::Counters() const {
  SourceCounters counters = counters_;
  counters.broker_errors += health_.errors();
  counters.report_failures = report_->failures();
  return counters;
}

void KafkaSource::ServeCallbacks() {
  rd_kafka_poll(client_.get(), 0);
  rd_kafka_poll(asking_.get(), 0);
}

// Wrong credentials show as silence in an answer, and as themselves in the error callback.
template <typename T>
Result<T> KafkaSource::Explained(Result<T> answer) {
  ServeCallbacks();
  if (answer) return answer;
  return sluice::Fail(health_.Explain(answer.error()));
}

void KafkaSource::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t what,
                              rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto* const source = static_cast<KafkaSource*>(self);
  source->group_->OnRebalance(what, partitions);
  // A session that ran out revokes as well, without a broker.
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) source->health_.OnAnswer();
  // Ends the wait for records; rd_kafka_yield would lose one. While leaving it would cut that
  // short.
  if (!source->group_->leaving()) rd_kafka_queue_yield(source->queue_.get());
}

void KafkaSource::OnError(rd_kafka_t* client, int code, const char* reason, void* self) {
  auto* const source = static_cast<KafkaSource*>(self);
  const std::string_view text(reason);
  if (text.find("increase receive.message.max.bytes") != text.npos) source->stuck_->OnTooLarge();
  const auto cause = CauseOf(client, static_cast<rd_kafka_resp_err_t>(code), text);
  source->health_.OnError(cause.code, cause.reason);
}

void KafkaSource::OnCommit(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*,
                           void* self) {
  static_cast<KafkaSource*>(self)->report_->OnAnswer(code);
}

}  // namespace

Result<std::unique_ptr<Source>> MakeKafkaSource(KafkaSourceOptions options) {
  SLUICE_TRY(options.Validate());
  auto source = std::make_unique<KafkaSource>(std::move(options));
  SLUICE_TRY(source->Open());
  return source;
}

}  // namespace sluice
