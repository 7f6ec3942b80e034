#include "source/kafka_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/log.h"
#include "source/batch_fill.h"
#include "source/broker_health.h"
#include "source/consumer_group.h"
#include "source/kafka_conf.h"
#include "source/partition_failures.h"
#include "source/topic_admin.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr size_t kSliceRecords = 1024;
constexpr int64_t kTypicalRecordBytes = 1024;
constexpr milliseconds kAnswerWait{5'000};
constexpr milliseconds kProbeWait{250};
// How long a partition may stand still after a response that was too large to take.
constexpr int64_t kTooLargeMs = 3'000;

KafkaSettings Defaults() {
  return {{"fetch.queue.backoff.ms", "5"},
          {"queued.min.messages", "100000"},
          {"queued.max.messages.kbytes", "65536"},
          {"reconnect.backoff.max.ms", "2000"},
          {"topic.metadata.refresh.interval.ms", "60000"},
          {"socket.keepalive.enable", "true"},
          {"log.connection.close", "false"}};
}

KafkaSettings Fixed(const KafkaSourceOptions& options) {
  return {{"bootstrap.servers", options.brokers},
          {"group.id", options.group},
          {"client.id", options.client_id.empty() ? "sluice" : options.client_id},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"auto.offset.reset", "error"},
          {"isolation.level", "read_committed"},
          {"check.crcs", "true"},
          {"enable.partition.eof", "true"},
          {"partition.assignment.strategy", "cooperative-sticky"},
          {"group.protocol", "classic"},
          {"allow.auto.create.topics", "false"}};
}

Result<KafkaConf> ConsumerConf(const KafkaSourceOptions& options) {
  KafkaSettings defaults = Defaults();
  // The embedded broker lets every rebalance take a session's time.
  if (options.embedded) {
    defaults.insert({{"session.timeout.ms", "3000"}, {"heartbeat.interval.ms", "300"}});
  }
  SLUICE_ASSIGN(const auto settings, MergeSettings(defaults, options.options, Fixed(options)));
  return MakeConf(settings);
}

int Ms(milliseconds wait) {
  return static_cast<int>(std::max<int64_t>(0, wait.count()));
}

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
  Result<Watermarks> QueryWatermarks(PartitionId partition, milliseconds wait) override;
  Result<Offset> OffsetAtTime(PartitionId partition, int64_t timestamp_ms,
                              milliseconds wait) override;
  Result<TopicIdentity> Identify(milliseconds wait) override;
  void ReportProgress(std::span<const OffsetRange> committed) override;
  SourceCounters Counters() const override;

 private:
  static void OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*,
                          void* self);
  static void OnError(rd_kafka_t*, int code, const char* reason, void* self);
  static void OnCommit(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*,
                       void* self);

  void Collect(milliseconds wait, Polled& polled);
  size_t Take(milliseconds wait, size_t most, Polled& polled);
  void TakeRecord(const rd_kafka_message_t& message, RawBatch& batch);
  void TakeEvent(const rd_kafka_message_t& message, Polled& polled);
  void TakeTopicError(const rd_kafka_message_t& message, Polled& polled);
  void Fail(int32_t partition, Error error, Polled& polled);
  void ExplainOutOfRange(Polled& polled);
  void OnTooLarge();
  void FailTooLarge(Polled& polled);
  void CloseRanges(Polled& polled);
  Status ConfirmIdentity(Polled& polled);
  Result<bool> IsSameTopic();
  Error TopicChanged() const;
  void FailAll(const Error& error, Polled& polled);
  Status TakeBack(Polled& polled);
  void ProbeBroker();
  void ServeCallbacks();

  KafkaSourceOptions options_;
  BrokerHealth health_;
  KafkaClient client_;
  KafkaQueue queue_;
  std::unique_ptr<ConsumerGroup> group_;
  std::unique_ptr<TopicAdmin> admin_;
  bool joined_ = false;
  bool offset_reports_fail_ = false;
  std::string topic_uuid_;                // of the log that we read; empty: not yet known
  std::map<int32_t, int64_t> missing_;    // partition → offset that the broker does not have
  std::map<int32_t, int64_t> too_large_;  // partition → offset where it stands
  SteadyTime too_large_since_{};
  std::optional<Error> refused_;  // by the group
  std::vector<rd_kafka_message_t*> slots_ = std::vector<rd_kafka_message_t*>(kSliceRecords);
  SourceCounters counters_;
};

KafkaSource::~KafkaSource() {
  if (group_ && joined_) group_->Leave();
}

Status KafkaSource::Open() {
  SLUICE_ASSIGN(KafkaConf conf, ConsumerConf(options_));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_offset_commit_cb(conf.get(), OnCommit);
  SLUICE_ASSIGN(client_, MakeClient(RD_KAFKA_CONSUMER, std::move(conf)));
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  group_ = std::make_unique<ConsumerGroup>(client_.get(), options_.topic);
  admin_ = std::make_unique<TopicAdmin>(client_.get(), options_.topic);
  return {};
}

Result<Polled> KafkaSource::Poll(milliseconds wait) {
  if (!joined_) {
    SLUICE_TRY(group_->Join());
    joined_ = true;
  }
  Polled polled;
  polled.batch.arena = std::make_shared<Arena>();
  for (auto& [partition, position] : group_->positions()) position.batch_start = position.expected;
  Collect(wait, polled);
  ServeCallbacks();
  CloseRanges(polled);
  Status confirmed;
  if (!polled.batch.records.empty() && !options_.embedded) confirmed = ConfirmIdentity(polled);
  if (!missing_.empty()) ExplainOutOfRange(polled);
  if (!too_large_.empty() && ElapsedMs(too_large_since_) > kTooLargeMs) FailTooLarge(polled);
  polled.group = group_->TakeChange();
  const bool news = !polled.batch.ranges.empty() || !polled.failures.empty() ||
                    !polled.group.assigned.empty() || !polled.group.revoked.empty();
  if (news) return polled;
  SLUICE_TRY(std::move(confirmed));
  if (refused_) return sluice::Fail(*std::exchange(refused_, {}));
  if (health_.troubled()) ProbeBroker();
  SLUICE_TRY(health_.Check());
  return polled;
}

// With nothing to read, a broker's return shows only when it is asked.
void KafkaSource::ProbeBroker() {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto code =
      rd_kafka_metadata(client_.get(), /*all_topics=*/0, nullptr, &answer, Ms(kProbeWait));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_metadata_destroy(answer);
  health_.OnAnswer();
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
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), Ms(wait), slots_.data(), most);
  for (ssize_t i = 0; i < count; ++i) {
    const KafkaMessage message(slots_[static_cast<size_t>(i)]);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      TakeRecord(*message, polled.batch);
    } else {
      TakeEvent(*message, polled);
    }
  }
  return count > 0 ? static_cast<size_t>(count) : 0;
}

void KafkaSource::TakeRecord(const rd_kafka_message_t& message, RawBatch& batch) {
  Position* const position = group_->Reading(message.partition);
  if (position == nullptr) return;
  if (message.offset < position->expected) {
    ++counters_.below_expected;
    return;
  }
  counters_.gap_offsets += message.offset - position->expected;
  position->expected = message.offset + 1;
  position->moved = position->at_end = false;
  AppendMessage(message, batch);
}

void KafkaSource::TakeEvent(const rd_kafka_message_t& message, Polled& polled) {
  Position* const position = group_->Reading(message.partition);
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (position == nullptr || message.offset < position->expected) return;
    counters_.gap_offsets += message.offset - position->expected;
    position->expected = message.offset;
    position->moved = false;
    position->at_end = true;
    health_.OnAnswer();
    return;
  }
  switch (Classify(message)) {
    case FetchTrouble::kOutOfRange:
      // One for another offset was on its way when the partition moved.
      if (position && (!position->moved || message.offset == position->expected)) {
        missing_[message.partition] = position->expected;
        group_->Stop(message.partition);
      }
      return;
    case FetchTrouble::kPartition:
      if (position) Fail(message.partition, FailureOf(message, options_.topic), polled);
      return;
    case FetchTrouble::kTopic:
      return TakeTopicError(message, polled);
    case FetchTrouble::kGroup:
      refused_ = ToError(message.err, fmt::format("group `{}`", options_.group),
                         rd_kafka_message_errstr(&message));
      return;
    case FetchTrouble::kCommit:
      ++counters_.report_failures;
      return;
    case FetchTrouble::kTransient:
      ++counters_.broker_errors;
      Log(LogLevel::kDebug, "kafka error, going on",
          {{"error", rd_kafka_message_errstr(&message)}});
      return;
  }
}

void KafkaSource::TakeTopicError(const rd_kafka_message_t& message, Polled& polled) {
  std::vector<int32_t> reading;
  for (const auto& [partition, position] : group_->positions()) {
    if (position.reading) reading.push_back(partition);
  }
  for (const int32_t partition : reading) {
    Fail(partition, FailureOf(message, options_.topic), polled);
  }
  if (reading.empty()) {
    refused_ = ToError(message.err, fmt::format("topic `{}`", options_.topic),
                       rd_kafka_message_errstr(&message));
  }
}

void KafkaSource::Fail(int32_t partition, Error error, Polled& polled) {
  group_->Stop(partition);
  polled.failures.push_back({{partition}, std::move(error)});
}

// Also a topic that was made again begins with offsets that are not there.
void KafkaSource::ExplainOutOfRange(Polled& polled) {
  if (!options_.embedded) {
    const auto same = IsSameTopic();
    if (!same) return;
    if (!*same) {
      missing_.clear();
      return FailAll(TopicChanged(), polled);
    }
  }
  for (auto it = missing_.begin(); it != missing_.end();) {
    const auto [partition, offset] = *it;
    const auto marks = QueryWatermarks({partition}, kAnswerWait);
    if (!marks) return;
    Fail(partition, FailureOutOfRange(options_.topic, partition, offset, *marks), polled);
    it = missing_.erase(it);
  }
}

// The library tells it once in 30 s, and not of which partition: one that stands still before its
// end has it.
void KafkaSource::OnTooLarge() {
  if (!too_large_.empty()) return;
  too_large_since_ = Now();
  for (const auto& [partition, position] : group_->positions()) {
    if (position.reading && !position.paused) too_large_[partition] = position.expected;
  }
}

void KafkaSource::FailTooLarge(Polled& polled) {
  for (const auto& [partition, offset] : std::exchange(too_large_, {})) {
    const Position* const position = group_->Reading(partition);
    if (position == nullptr || position->expected != offset) continue;
    const auto marks = QueryWatermarks({partition}, kProbeWait);
    if (!marks) too_large_[partition] = offset;
    if (!marks || marks->high.value <= offset) continue;
    Fail(partition, FailureTooLarge(options_.topic, partition, offset), polled);
  }
}

void KafkaSource::CloseRanges(Polled& polled) {
  for (const auto& [partition, position] : group_->positions()) {
    if (position.expected == position.batch_start) continue;
    polled.batch.ranges.push_back({{partition}, {position.batch_start}, {position.expected}});
  }
  if (polled.batch.records.empty()) return;
  counters_.records += static_cast<int64_t>(polled.batch.records.size());
  counters_.bytes += static_cast<int64_t>(polled.batch.arena->bytes());
  health_.OnAnswer();
}

// The library follows a topic that was deleted and made again without a word. Asked after the
// records came, the broker tells whose they are.
Status KafkaSource::ConfirmIdentity(Polled& polled) {
  const auto same = IsSameTopic();
  if (same && *same) return {};
  SLUICE_TRY(TakeBack(polled));
  if (!same && same.error().kind == ErrorKind::kRetryable) return sluice::Fail(same.error());
  FailAll(same ? TopicChanged() : same.error(), polled);
  return {};
}

Result<bool> KafkaSource::IsSameTopic() {
  SLUICE_ASSIGN(const TopicDescription described, admin_->Describe(kAnswerWait));
  if (topic_uuid_.empty()) topic_uuid_ = described.uuid;
  return described.uuid == topic_uuid_;
}

Error KafkaSource::TopicChanged() const {
  return {ErrorKind::kFatal,
          fmt::format("topic {} was deleted and made again: it is another log now", options_.topic),
          "`sluice offsets accept-new-log` reads it from its start", "topic_identity_changed"};
}

void KafkaSource::FailAll(const Error& error, Polled& polled) {
  for (const auto& [partition, position] : group_->positions()) Fail(partition, error, polled);
}

/// Forgets the batch: its records will come again.
Status KafkaSource::TakeBack(Polled& polled) {
  const auto ranges = std::exchange(polled.batch.ranges, {});
  counters_.records -= static_cast<int64_t>(polled.batch.records.size());
  counters_.bytes -= static_cast<int64_t>(polled.batch.arena->bytes());
  polled.batch.records.clear();
  return group_->Assign(ranges);
}

Result<Watermarks> KafkaSource::QueryWatermarks(PartitionId partition, milliseconds wait) {
  int64_t low = 0;
  int64_t high = 0;
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(),
                                                     partition.value, &low, &high, Ms(wait));
  ServeCallbacks();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return Watermarks{{low}, {high}};
  return sluice::Fail(health_.Explain(
      ToError(code, fmt::format("asking for the ends of partition {} failed", partition.value),
              rd_kafka_err2str(code))));
}

Result<Offset> KafkaSource::OffsetAtTime(PartitionId partition, int64_t timestamp_ms,
                                         milliseconds wait) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  auto* const item =
      rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition.value);
  item->offset = timestamp_ms;
  auto code = rd_kafka_offsets_for_times(client_.get(), list.get(), Ms(wait));
  ServeCallbacks();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = item->err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return sluice::Fail(health_.Explain(
        ToError(code, fmt::format("asking partition {} for a time failed", partition.value),
                rd_kafka_err2str(code))));
  }
  if (item->offset >= 0) return Offset{item->offset};
  SLUICE_ASSIGN(const Watermarks marks, QueryWatermarks(partition, wait));
  return marks.high;
}

Result<TopicIdentity> KafkaSource::Identify(milliseconds wait) {
  const auto described = admin_->Describe(wait);
  ServeCallbacks();
  // Wrong credentials show as silence here, and as themselves in the error callback.
  if (!described) return sluice::Fail(health_.Explain(described.error()));
  if (options_.embedded) {
    return TopicIdentity{options_.topic, options_.embedded_topic_uuid, options_.embedded_cluster_id,
                         true, described->partitions};
  }
  SLUICE_ASSIGN(std::string cluster, admin_->ClusterId(wait));
  if (topic_uuid_.empty()) topic_uuid_ = described->uuid;
  return TopicIdentity{options_.topic, described->uuid, std::move(cluster), false,
                       described->partitions};
}

void KafkaSource::ReportProgress(std::span<const OffsetRange> committed) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(committed.size())));
  for (const auto& [partition, start, end] : committed) {
    // A report for what is not ours makes the group throw us out.
    if (!group_->positions().contains(partition.value)) continue;
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition.value)->offset =
        end.value;
  }
  if (list->cnt == 0) return;
  const auto code = rd_kafka_commit(client_.get(), list.get(), /*async=*/1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) ++counters_.report_failures;
}

SourceCounters KafkaSource::Counters() const {
  SourceCounters counters = counters_;
  counters.broker_errors += health_.errors();
  return counters;
}

void KafkaSource::ServeCallbacks() {
  rd_kafka_poll(client_.get(), 0);
}

void KafkaSource::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t what,
                              rd_kafka_topic_partition_list_t* partitions, void* self) {
  auto* const source = static_cast<KafkaSource*>(self);
  source->group_->OnRebalance(what, partitions);
  source->health_.OnAnswer();
  // Ends the wait for records; rd_kafka_yield would lose one. While leaving it would cut that
  // short.
  if (!source->group_->leaving()) rd_kafka_queue_yield(source->queue_.get());
}

void KafkaSource::OnError(rd_kafka_t* client, int code, const char* reason, void* self) {
  auto* const source = static_cast<KafkaSource*>(self);
  const std::string_view text(reason);
  if (text.find("increase receive.message.max.bytes") != text.npos) source->OnTooLarge();
  std::array<char, 512> fatal{};
  if (code == RD_KAFKA_RESP_ERR__FATAL) rd_kafka_fatal_error(client, fatal.data(), fatal.size());
  source->health_.OnError(static_cast<rd_kafka_resp_err_t>(code),
                          fatal[0] == 0 ? text : std::string_view(fatal.data()));
}

void KafkaSource::OnCommit(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t*,
                           void* self) {
  auto* const source = static_cast<KafkaSource*>(self);
  const bool failed = code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__NO_OFFSET;
  if (failed) ++source->counters_.report_failures;
  if (failed != source->offset_reports_fail_) {
    Log(failed ? LogLevel::kWarn : LogLevel::kInfo,
        failed ? "the group's offsets cannot be written; only lag tools read them"
               : "the group's offsets are written again",
        {{"reason", rd_kafka_err2str(code)}});
    source->offset_reports_fail_ = failed;
  }
}

}  // namespace

Status KafkaSourceOptions::Validate() const {
  const auto need = [](bool holds, const char* what) -> Status {
    if (holds) return {};
    return sluice::Fail(ErrorKind::kInvalidConfig, what);
  };
  SLUICE_TRY(need(!brokers.empty(), "source.kafka names no broker"));
  SLUICE_TRY(need(!topic.empty(), "source.topic is empty"));
  SLUICE_TRY(need(!group.empty(), "source.group is empty"));
  SLUICE_TRY(need(max_batch_rows >= 1, "source.max_batch_rows is below 1"));
  SLUICE_TRY(need(max_batch_bytes >= 1, "source.max_batch_bytes is below 1"));
  SLUICE_TRY(need(!embedded || !embedded_topic_uuid.empty(),
                  "the embedded broker's topic has no identity"));
  SLUICE_TRY(ConsumerConf(*this));
  return {};
}

Result<std::unique_ptr<Source>> MakeKafkaSource(KafkaSourceOptions options) {
  SLUICE_TRY(options.Validate());
  auto source = std::make_unique<KafkaSource>(std::move(options));
  SLUICE_TRY(source->Open());
  return source;
}

}  // namespace sluice
