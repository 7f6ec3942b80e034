#include "source/topic_watch.h"

#include <fmt/format.h>

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kAnswerWait{5'000};
constexpr int64_t kStaleMs = 5'000;
constexpr int64_t kAskAgainMs = 500;
constexpr int64_t kAbsentMs = 10'000;

}  // namespace

void TopicWatch::Take(const TopicDescription& description) {
  if (uuid_.empty()) uuid_ = description.uuid;
}

Status TopicWatch::Confirm() {
  if (!has_identity_) return {};
  asked_ = Now();
  SLUICE_ASSIGN(const TopicDescription description, admin_.Describe(kAnswerWait));
  Take(description);
  if (description.uuid == uuid_) return {};
  return Fail(ErrorKind::kFatal,
              fmt::format("topic {} was deleted and made again: it is another log now", topic_),
              "`sluice offsets accept-new-log` reads it from its start", "topic_identity_changed");
}

bool TopicWatch::IsStale() const {
  return has_identity_ && ElapsedMs(asked_) > kStaleMs;
}

void TopicWatch::Doubt() {
  if (!doubted_) doubted_ = Now();
}

Result<std::optional<Error>> TopicWatch::CheckDoubt() {
  if (!doubted_ || ElapsedMs(asked_) < kAskAgainMs) return std::nullopt;
  const Status confirmed = Confirm();
  if (confirmed) {
    doubted_.reset();
    return std::nullopt;
  }
  if (confirmed.error().code != "topic_absent") return Fail(confirmed.error());
  if (ElapsedMs(*doubted_) < kAbsentMs) return std::nullopt;
  Error error = confirmed.error();
  error.kind = ErrorKind::kFatal;
  return error;
}

}  // namespace sluice
