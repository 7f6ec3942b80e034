#pragma once

#include <optional>
#include <string>

#include "core/clock.h"
#include "core/result.h"
#include "source/topic_admin.h"

namespace sluice {

/// Watches that the topic stays the one that was read first. The client library follows a topic
/// that was deleted and made again without a word.
class TopicWatch {
 public:
  /// With `has_identity` false (the embedded broker) every topic is the same.
  TopicWatch(TopicAdmin& admin, std::string topic, bool has_identity)
      : admin_(admin), topic_(std::move(topic)), has_identity_(has_identity) {}

  /// The first uuid seen becomes the topic's.
  void Take(const TopicDescription& description);
  /// Asks the broker. Records taken before the call are the topic's own when it succeeds. FailsWith
  /// kFatal and `topic_identity_changed`, or as TopicAdmin::Describe.
  Status Confirm();
  /// Returns whether nobody asked for five seconds: the library is silent about a topic that went.
  bool IsStale() const;

  /// The library says that the topic is not there: true now, or a broker that is behind.
  void Doubt();
  /// Returns `topic_absent` once it was away for ten seconds; nothing before, or when it is back.
  /// FailsWith as Confirm.
  Result<std::optional<Error>> CheckDoubt();

 private:
  TopicAdmin& admin_;
  std::string topic_;
  bool has_identity_;
  std::string uuid_;
  std::optional<SteadyTime> doubted_;
  SteadyTime asked_ = Now();
};

}  // namespace sluice
