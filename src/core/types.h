#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace sluice {

/// A number with a meaning of its own: an offset is not a partition.
template <typename Tag, typename Number>
struct Strong {
  Number value{};
  auto operator<=>(const Strong&) const = default;
};

using PartitionId = Strong<struct PartitionTag, int32_t>;
using Offset = Strong<struct OffsetTag, int64_t>;
/// One life of one topic, as numbered by the ledger.
using LogId = Strong<struct LogTag, int32_t>;
/// Fencing counter of one position row.
using Epoch = Strong<struct EpochTag, int64_t>;

/// A file of this machine.
struct LocalPath {
  std::string value;
  auto operator<=>(const LocalPath&) const = default;
};

/// A full address in the lake: `file:///…/x.parquet` or `s3://bucket/key`.
struct RemotePath {
  std::string value;
  auto operator<=>(const RemotePath&) const = default;
};

/// A random version 4 UUID as text; names commits and files, never reused.
struct Uuid {
  std::string value;
  static Uuid Random();
  auto operator<=>(const Uuid&) const = default;
};
using CommitId = Uuid;

}  // namespace sluice

template <typename Tag, typename Number>
struct std::hash<sluice::Strong<Tag, Number>> {
  size_t operator()(const sluice::Strong<Tag, Number>& id) const {
    return std::hash<Number>{}(id.value);
  }
};
