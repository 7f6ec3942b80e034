#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"
#include "source/broker_health.h"
#include "source/produce.h"
#include "source/rdkafka_handles.h"
#include "source/reader_backlog.h"

namespace sluice {

/// Sends records to one topic and counts what was acknowledged. One thread.
class RecordSender {
 public:
  /// FailsWith kInvalidConfig on wrong options, kFatal when the acks file cannot be written.
  static Result<std::unique_ptr<RecordSender>> Make(const ProduceOptions& options);
  ~RecordSender();
  RecordSender(const RecordSender&) = delete;
  RecordSender& operator=(const RecordSender&) = delete;

  /// Hands one record to the client; false when its queue is full: Serve, then try again. FailsWith
  /// as Check, and kInvalidConfig when the record is larger than `message.max.bytes`.
  Result<bool> Send(const std::optional<std::string>& key, std::string_view value);
  /// Takes acknowledgements, waiting up to `wait` for one.
  void Serve(std::chrono::milliseconds wait);
  /// FailsWith kRetryable after a record could not be delivered, kInvalidConfig when the broker
  /// refuses us or a record.
  Status Check();
  /// Returns what keeps the broker from us; empty while it answers. Call Serve first.
  std::string Waiting();
  /// Returns the known cause of a failed question.
  Error Explain(Error failure) const { return health_.Explain(std::move(failure)); }

  int64_t acked() const { return acked_; }
  int64_t in_flight() const { return sent_ - acked_ - failed_; }
  ReaderBacklog& backlog() { return backlog_; }
  rd_kafka_t* client() const { return client_.get(); }

 private:
  RecordSender(const ProduceOptions& options, std::string brokers);
  Status Open(const ProduceOptions& options);
  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  static void OnError(rd_kafka_t* client, int code, const char* reason, void* self);
  void Acknowledge(const rd_kafka_message_t& message);

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  std::string topic_name_;
  BrokerHealth health_;
  ReaderBacklog backlog_;
  std::unique_ptr<std::FILE, CloseFile> acks_;
  KafkaClient client_;
  KafkaTopic topic_;
  int64_t sent_ = 0;
  int64_t acked_ = 0;
  int64_t failed_ = 0;
  std::optional<Error> failure_;  // the first
};

}  // namespace sluice
