#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"

namespace sluice {

/// Where a broker of ours listens, and which log it keeps.
struct BrokerAddress {
  std::string bootstrap;  ///< 127.0.0.1:port
  std::string topic;
  int32_t partitions = 1;
  std::string topic_uuid;  ///< new at each start
  std::string cluster_id;
  int64_t pid = 0;
  int64_t process_start = 0;  ///< in clock ticks since boot: tells a pid's second life
};

/// How much of a partition a producer lets wait there for its reader's commit.
inline constexpr int64_t kEmbeddedBacklogBytes = 3 << 20;

/// A Kafka broker inside this process, in memory, on a free loopback port, for one topic. It keeps
/// about 5 MiB a partition and drops the oldest without a word, so a producer must wait for the
/// reader (Produce does). Each start is a new, empty log. Runs threads of its own until destroyed.
class EmbeddedBroker {
 public:
  /// Starts it and registers it in `<state_folder>/broker.json`, which must not name a living
  /// broker: FailsWith kInvalidConfig then. A stale file is replaced.
  static Result<std::unique_ptr<EmbeddedBroker>> Start(const std::string& state_folder,
                                                       const std::string& topic,
                                                       int32_t partitions);
  /// Takes the file away, and stops.
  ~EmbeddedBroker();
  EmbeddedBroker(const EmbeddedBroker&) = delete;
  EmbeddedBroker& operator=(const EmbeddedBroker&) = delete;

  BrokerAddress address() const;

 private:
  struct Impl;
  explicit EmbeddedBroker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Returns the broker registered in the folder, or nothing when there is none alive: its process
/// is gone, is another one by now, or its port does not answer.
Result<std::optional<BrokerAddress>> FindEmbeddedBroker(const std::string& state_folder);

}  // namespace sluice
