#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "source/embedded_broker.h"
#include "stage/schema.h"

namespace sluice {

struct ProduceOptions {
  std::string brokers;  ///< bootstrap list; not read when `embedded` is set
  std::string topic;
  std::string csv = "-";          ///< a path, or `-` for stdin; `.jsonl` and `.ndjson` are lines
  bool lines = false;             ///< one record a line, sent as it is, whatever the file is called
  int64_t delay_ms = 0;           ///< pause after each record
  double rate = 0;                ///< records a second at most; 0: no limit
  std::string key;                ///< the column whose text becomes the key; empty: no key
  int64_t repeat = 1;             ///< how many times the file is sent
  std::vector<Field> declared;    ///< types of columns by name; the others are guessed
  char delimiter = 0;             ///< 0: guessed
  int32_t create_partitions = 0;  ///< creates an absent topic with so many; 0: refuses
  std::map<std::string, std::string> options;  ///< librdkafka's names
  std::optional<BrokerAddress> embedded;       ///< our own broker: wait for its reader
  std::string group;                           ///< the reader's group; needed with `embedded`
  std::string acks_file;     ///< one JSON line for each acknowledged record; empty: none
  int64_t wait_ms = 10'000;  ///< for a broker that is away before the first record

  /// Whether the file is lines of JSON, not CSV.
  bool SendsLines() const { return lines || csv.ends_with(".jsonl") || csv.ends_with(".ndjson"); }
};

struct ProduceProgress {
  int64_t rows_read = 0;
  int64_t acked = 0;
  int64_t bytes = 0;        ///< read from the file
  int64_t total_bytes = 0;  ///< 0: unknown
  std::string waiting{};    ///< for whom and why; empty: not waiting
};

struct ProduceSummary {
  int64_t rows_read = 0;
  int64_t acked = 0;
  int64_t value_bytes = 0;
  int64_t elapsed_ms = 0;
  bool stopped = false;  ///< asked to stop before the end
};

/// Sends each row of a CSV file as one JSON record, or each line of a JSON-lines file, idempotent
/// and acknowledged by all replicas, and returns when every record is acknowledged. A regular file
/// is checked whole before the first record is sent, so a broken one sends nothing; of a pipe the
/// rows before the broken line were sent, and the message says how many. `on_progress` is called
/// about ten times a second, in this thread. FailsWith kUsage on contradicting options, kBadInput
/// on a broken file, kInvalidConfig on a topic or option that does not exist, kRetryable when
/// records stay unacknowledged or no broker answers in time.
Result<ProduceSummary> Produce(const ProduceOptions& options,
                               const std::function<void(const ProduceProgress&)>& on_progress,
                               std::stop_token stop);

}  // namespace sluice
