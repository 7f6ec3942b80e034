#include "source/consumer_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/clock.h"
#include "core/log.h"
#include "source/kafka_conf.h"

namespace sluice {
namespace {

// Others answer a rebalance with their next heartbeat, after 3 s; the broker answers the first
// request to join at once.
constexpr int64_t kGoodbyeMs = 4'000;
constexpr int64_t kFirstAnswerMs = 1'000;
constexpr int64_t kCloseMs = 6'000;
constexpr int kServeMs = 10;

Status ToStatus(rd_kafka_error_t* raw, std::string_view doing) {
  const KafkaError error(raw);
  if (!error) return {};
  return Fail(ToError(rd_kafka_error_code(error.get()), doing, rd_kafka_error_string(error.get())));
}

}  // namespace

ConsumerGroup::ConsumerGroup(rd_kafka_t* client, std::string topic, bool is_static)
    : client_(client), topic_(std::move(topic)), is_static_(is_static), inherits_(is_static) {}

Status ConsumerGroup::Join() {
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_, topics.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Fail(ToError(code, "joining the consumer group failed", rd_kafka_err2str(code)));
}

bool ConsumerGroup::Leave() {
  leaving_ = true;
  // An open revocation would hold the goodbye up, and nothing is to be fetched meanwhile; errors
  // change nothing any more.
  std::vector<PartitionId> all;
  for (const auto& [partition, position] : positions_) all.push_back({partition});
  static_cast<void>(Unassign(all));
  // A static member stays for its next life (KIP-345).
  if (!is_static_) SayGoodbye();
  return Close();
}

// As rd_kafka_consumer_close, which waits without end for a broker that does not answer.
bool ConsumerGroup::Close() {
  const KafkaQueue events(rd_kafka_queue_new(client_));
  const KafkaError refused(rd_kafka_consumer_close_queue(client_, events.get()));
  if (refused) return true;  // a fatal error: rd_kafka_destroy then waits for nothing
  const SteadyTime start = Now();
  while (rd_kafka_consumer_closed(client_) == 0 && ElapsedMs(start) < kCloseMs) {
    const KafkaMessage dropped(rd_kafka_consume_queue(events.get(), kServeMs));
  }
  if (rd_kafka_consumer_closed(client_) != 0) return true;
  Log(LogLevel::kWarn,
      "the broker did not hear that this consumer leaves: its group goes on "
      "without it after session.timeout.ms");
  return false;
}

// Closing a consumer sends no LeaveGroup for a cooperative member without partitions, be it
// idle or in a rebalance, nor for one whose first request to join is on its way: the group would
// wait until its session ends. An unsubscription leaves in each case, after the rebalance.
void ConsumerGroup::SayGoodbye() {
  const SteadyTime start = Now();
  while (!IsMember() && ElapsedMs(start) < kFirstAnswerMs) Serve();
  rd_kafka_unsubscribe(client_);
  while (IsMember() && ElapsedMs(start) < kGoodbyeMs) Serve();
}

bool ConsumerGroup::IsMember() const {
  char* const id = rd_kafka_memberid(client_);
  const bool is_member = id != nullptr && *id != 0;
  if (id != nullptr) rd_kafka_mem_free(client_, id);
  return is_member;
}

// Rebalances are answered in there.
void ConsumerGroup::Serve() {
  const KafkaMessage dropped(rd_kafka_consumer_poll(client_, kServeMs));
}

void ConsumerGroup::OnRebalance(rd_kafka_resp_err_t what,
                                const rd_kafka_topic_partition_list_t* partitions) {
  const std::span<const rd_kafka_topic_partition_t> list(partitions->elems,
                                                         static_cast<size_t>(partitions->cnt));
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    for (const auto& item : list) change_.assigned.push_back({item.partition});
    if (std::exchange(inherits_, false)) AskForAssignmentAnew();
    static_cast<void>(AssignNow({}));
    return;
  }
  change_.lost = change_.lost || rd_kafka_assignment_lost(client_) != 0;
  for (const auto& item : list) {
    change_.revoked.push_back({item.partition});
    revoking_.insert(item.partition);
    std::erase(change_.assigned, PartitionId{item.partition});
    if (Position* position = Reading(item.partition)) position->reading = false;
  }
  owes_unassign_ = true;
  if (leaving_ || list.empty()) static_cast<void>(Unassign({}));
}

// The broker gives a static member the assignment of its last life and asks nobody (KIP-345). Where
// that life ended between giving partitions back and joining for it, they are nobody's, and stay
// so. librdkafka applies a subscription that comes during a rebalance by joining once more, which
// makes the group assign anew; cooperative members keep what they have.
void ConsumerGroup::AskForAssignmentAnew() {
  const Status asked = Join();
  if (!asked) LogError("the group was not asked for a new assignment", asked.error());
}

GroupChange ConsumerGroup::TakeChange() {
  return std::exchange(change_, {});
}

Status ConsumerGroup::Assign(std::span<const OffsetRange> from) {
  std::vector<OffsetRange> now;
  std::set<int32_t> moving;
  for (const auto& range : from) {
    const int32_t partition = range.partition.value;
    if (revoking_.contains(partition)) continue;
    const auto found = positions_.find(partition);
    if (found != positions_.end() && owes_unassign_) {
      // Taking it out now would answer the revocation.
      found->second.reading = false;
      moves_later_.insert_or_assign(partition, range);
      continue;
    }
    if (found != positions_.end()) moving.insert(partition);
    now.push_back(range);
  }
  std::map<int32_t, bool> paused;
  for (const int32_t partition : moving) paused[partition] = positions_[partition].paused;
  if (!moving.empty()) SLUICE_TRY(Release(moving));
  SLUICE_TRY(AssignNow(now));
  for (const auto& [partition, was_paused] : paused) {
    if (was_paused) SLUICE_TRY(Pause(std::vector{PartitionId{partition}}));
  }
  return {};
}

Status ConsumerGroup::Unassign(std::span<const PartitionId> partitions) {
  std::set<int32_t> released;
  for (const auto& id : partitions) released.insert(id.value);
  if (owes_unassign_) released.insert(revoking_.begin(), revoking_.end());
  std::erase_if(released, [&](int32_t partition) { return !positions_.contains(partition); });
  if (!released.empty() || owes_unassign_) SLUICE_TRY(Release(released));
  revoking_.clear();
  owes_unassign_ = false;
  std::vector<OffsetRange> moves;
  for (const auto& [partition, range] : std::exchange(moves_later_, {})) {
    if (positions_.contains(partition)) moves.push_back(range);
  }
  return moves.empty() ? Status{} : Assign(moves);
}

Status ConsumerGroup::Pause(std::span<const PartitionId> partitions) {
  return SetPaused(partitions, true);
}

Status ConsumerGroup::Resume(std::span<const PartitionId> partitions) {
  return SetPaused(partitions, false);
}

void ConsumerGroup::Stop(int32_t partition) {
  const auto found = positions_.find(partition);
  if (found == positions_.end()) return;
  found->second.reading = false;
  const auto list = ListOf(std::vector{PartitionId{partition}});
  rd_kafka_pause_partitions(client_, list.get());
}

Position* ConsumerGroup::Reading(int32_t partition) {
  const auto found = positions_.find(partition);
  return found != positions_.end() && found->second.reading ? &found->second : nullptr;
}

KafkaPartitions ConsumerGroup::ListOf(std::span<const PartitionId> partitions) const {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& id : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), id.value);
  }
  return list;
}

Status ConsumerGroup::AssignNow(std::span<const OffsetRange> from) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(from.size())));
  for (const auto& range : from) {
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), range.partition.value)->offset =
        range.start.value;
  }
  // A pause outlives an assignment.
  if (!from.empty()) rd_kafka_resume_partitions(client_, list.get());
  SLUICE_TRY(ToStatus(rd_kafka_incremental_assign(client_, list.get()), "assigning failed"));
  for (const auto& range : from) {
    positions_[range.partition.value] = {.expected = range.start.value,
                                         .batch_start = range.start.value};
  }
  return {};
}

Status ConsumerGroup::Release(const std::set<int32_t>& partitions) {
  std::vector<PartitionId> ids;
  for (const int32_t partition : partitions) ids.push_back({partition});
  const auto list = ListOf(ids);
  SLUICE_TRY(ToStatus(rd_kafka_incremental_unassign(client_, list.get()), "unassigning failed"));
  for (const int32_t partition : partitions) positions_.erase(partition);
  return {};
}

Status ConsumerGroup::SetPaused(std::span<const PartitionId> partitions, bool paused) {
  std::vector<PartitionId> known;
  for (const auto& id : partitions) {
    const auto found = positions_.find(id.value);
    if (found == positions_.end() || found->second.paused == paused) continue;
    found->second.paused = paused;
    // A stopped one stays silent; the wish is kept for its next assignment.
    if (found->second.reading) known.push_back(id);
  }
  if (known.empty()) return {};
  const auto list = ListOf(known);
  const auto code = paused ? rd_kafka_pause_partitions(client_, list.get())
                           : rd_kafka_resume_partitions(client_, list.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return Fail(ToError(code, paused ? "pausing failed" : "resuming failed", rd_kafka_err2str(code)));
}

}  // namespace sluice
