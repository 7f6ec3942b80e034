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
constexpr int64_t kTypicalRecordBytes = 1024;
constexpr milliseconds kProbeWait{250};

class KafkaSource final : public Source {
 public:
  explicit KafkaSource(KafkaSourceOptions options)
      : options_(std::move(options)), health_(options_.brokers) {}
  ~KafkaSource() override;

  Status Open();
  Result<Polled> Poll(milliseconds wait) override;
  Status Assign(std::span<const OffsetRange> from) override { return group_->Assign(from); }
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

  void Collect(milliseconds wait, Polled& polled);
  size_t Take(milliseconds wait, size_t most, Polled& polled);
  void TakeRecord(const rd_kafka_message_t& message, Polled& polled);
  void FailOutOfOrder(const rd_kafka_message_t& message, Position& position, Polled& polled);
  void TakeEvent(const rd_kafka_message_t& message, Polled& polled);
  void TakeGroupError(const rd_kafka_message_t& message);
  void TakeEnd(const rd_kafka_message_t& message);
  void TakeTrouble(const rd_kafka_message_t& message, Polled& polled);
  void CloseRanges(RawBatch& batch);
  Status ConfirmTopic(Polled& polled);
  Status TakeBack(RawBatch& batch);
  void Explain(Polled& polled);
  void Fail(int32_t partition, Error error, Polled& polled);
  void FailAll(const Error& error, Polled& polled);
  void ProbeBroker();
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
  size_t last_records_ = 0;  // the next batch is likely as large
};

KafkaSource::~KafkaSource() {
  if (group_ && joined_) group_->Leave();
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

Result<Polled> KafkaSource::Poll(milliseconds wait) {
  if (!joined_) {
    SLUICE_TRY(group_->Join());
    joined_ = true;
  }
  Polled polled;
  polled.batch.arena = std::make_shared<Arena>();
  polled.batch.records.reserve(last_records_);
  for (auto& [partition, position] : group_->positions()) position.batch_start = position.expected;
  Collect(wait, polled);
  ServeCallbacks();
  CloseRanges(polled.batch);
  const Status confirmed = ConfirmTopic(polled);
  Explain(polled);
  polled.group = group_->TakeChange();
  const bool news = !polled.batch.ranges.empty() || !polled.failures.empty() ||
                    !polled.group.assigned.empty() || !polled.group.revoked.empty();
  if (news) return polled;
  SLUICE_TRY(confirmed);
  if (refused_) return sluice::Fail(*std::exchange(refused_, {}));
  if (health_.troubled()) ProbeBroker();
  SLUICE_TRY(health_.Check());
  return polled;
}

void KafkaSource::Collect(milliseconds wait, Polled& polled) {
  const RawBatch& batch = polled.batch;
  size_t taken = Take(wait, 1, polled);
  while (taken > 0) {
    const auto rows = static_cast<int64_t>(batch.records.size());
    const auto bytes = static_cast<int64_t>(batch.arena->bytes());
    if (rows >= options_.max_batch_rows || bytes >= options_.max_batch_bytes) return;
    // The slice is sized by the records so far: it passes the limit by little.
    const int64_t each = rows == 0 ? kTypicalRecordBytes : std::max<int64_t>(1, bytes / rows);
    const int64_t room =
        std::min(options_.max_batch_rows - rows, (options_.max_batch_bytes - bytes) / each + 1);
    const auto most = std::min<int64_t>(room, kSliceRecords);
    taken = Take(milliseconds{0}, static_cast<size_t>(most), polled);
  }
}

size_t KafkaSource::Take(milliseconds wait, size_t most, Polled& polled) {
  const int wait_ms = static_cast<int>(std::max<int64_t>(0, wait.count()));
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), wait_ms, slots_.data(), most);
  for (ssize_t i = 0; i < count; ++i) {
    const KafkaMessage message(slots_[static_cast<size_t>(i)]);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      TakeRecord(*message, polled);
    } else {
      TakeEvent(*message, polled);
    }
  }
  return count > 0 ? static_cast<size_t>(count) : 0;
}

void KafkaSource::TakeRecord(const rd_kafka_message_t& message, Polled& polled) {
  Position* const position = group_->Reading(message.partition);
  if (position == nullptr) return;
  if (message.offset != position->expected) {
    if (!CanFollow(client_.get(), options_.topic, message, position->expected)) {
      return FailOutOfOrder(message, *position, polled);
    }
    counters_.gap_offsets += message.offset - position->expected;
    position->gap_start = position->expected;
  }
  position->expected = message.offset + 1;
  position->moved = false;
  AppendMessage(message, polled.batch);
}

void KafkaSource::FailOutOfOrder(const rd_kafka_message_t& message, Position& position,
                                 Polled& polled) {
  if (message.offset < position.expected) {
    ++counters_.below_expected;
    // The record before was the wrong one when it jumped ahead: go back to where it did.
    if (position.gap_start >= position.batch_start) position.expected = position.gap_start;
    DropFrom(polled.batch, message.partition, position.expected);
  }
  Fail(message.partition,
       FailureOutOfOrder(options_.topic, message.partition, position.expected, message.offset),
       polled);
}

void KafkaSource::TakeEvent(const rd_kafka_message_t& message, Polled& polled) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return TakeEnd(message);
  switch (Classify(message)) {
    case FetchTrouble::kOutOfRange:
    case FetchTrouble::kPartition:
      return TakeTrouble(message, polled);
    case FetchTrouble::kTopicAbsent:
      return watch_->Doubt();
    case FetchTrouble::kTopic:
      return FailAll(FailureOf(message, options_.topic), polled);
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

void KafkaSource::TakeTrouble(const rd_kafka_message_t& message, Polled& polled) {
  const Position* const position = group_->Reading(message.partition);
  if (position == nullptr) return;
  if (Classify(message) == FetchTrouble::kPartition) {
    return Fail(message.partition, FailureOf(message, options_.topic), polled);
  }
  // One for another offset was on its way when the partition moved.
  if (position->moved && message.offset != position->expected) return;
  stuck_->OnMissing(message.partition, position->expected);
}

void KafkaSource::CloseRanges(RawBatch& batch) {
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
Status KafkaSource::ConfirmTopic(Polled& polled) {
  const bool must = !polled.batch.records.empty() || stuck_->any_missing();
  const bool may = watch_->IsStale() && !health_.troubled();
  if (!must && !may) return {};
  const Status confirmed = watch_->Confirm();
  if (confirmed) return {};
  SLUICE_TRY(TakeBack(polled.batch));
  Error error = confirmed.error();
  const bool gone = error.code == "topic_absent";
  if (error.kind != ErrorKind::kRetryable && !gone) FailAll(error, polled);
  // A topic that is gone for a moment comes back as itself.
  if (gone) {
    watch_->Doubt();
    error.kind = ErrorKind::kRetryable;
  }
  return sluice::Fail(std::move(error));
}

// Forgets the batch: its records will come again.
Status KafkaSource::TakeBack(RawBatch& batch) {
  counters_.records -= static_cast<int64_t>(batch.records.size());
  counters_.bytes -= static_cast<int64_t>(batch.arena->bytes());
  batch.records.clear();
  return group_->Assign(std::exchange(batch.ranges, {}));
}

void KafkaSource::Explain(Polled& polled) {
  auto gone = watch_->CheckDoubt();
  if (!gone && gone.error().kind != ErrorKind::kRetryable) FailAll(gone.error(), polled);
  if (gone && *gone) FailAll(**gone, polled);
  for (auto& [partition, error] : stuck_->Explain()) {
    Fail(partition.value, std::move(error), polled);
  }
}

void KafkaSource::Fail(int32_t partition, Error error, Polled& polled) {
  group_->Stop(partition);
  polled.failures.push_back({{partition}, std::move(error)});
}

void KafkaSource::FailAll(const Error& error, Polled& polled) {
  stuck_->Clear();
  for (const auto& [partition, position] : group_->positions()) {
    const bool told = std::ranges::find(polled.failures, PartitionId{partition},
                                        &PartitionFailure::partition) != polled.failures.end();
    if (position.reading && !told) Fail(partition, error, polled);
  }
  if (polled.failures.empty()) refused_ = error;
}

// With nothing to read, a broker's return shows only when it is asked.
void KafkaSource::ProbeBroker() {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto code = rd_kafka_metadata(asking_.get(), /*all_topics=*/0, nullptr, &answer,
                                      static_cast<int>(kProbeWait.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_metadata_destroy(answer);
  health_.OnAnswer();
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
