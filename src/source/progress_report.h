#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "source/consumer_group.h"
#include "source/rdkafka_handles.h"

namespace sluice {

/// The group's committed offsets, written for lag tools alone: never waits, logs only when writing
/// begins to fail or to work again.
class ProgressReport {
 public:
  ProgressReport(rd_kafka_t* client, std::string topic)
      : client_(client), topic_(std::move(topic)) {}

  /// Leaves out what is not the group's to report: it would throw us out.
  void Send(const ConsumerGroup& group, std::span<const OffsetRange> committed);
  /// Takes librdkafka's answer.
  void OnAnswer(rd_kafka_resp_err_t code);
  int64_t failures() const { return failures_; }

 private:
  rd_kafka_t* client_;
  std::string topic_;
  int64_t failures_ = 0;
  bool failing_ = false;
};

}  // namespace sluice
