#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "core/types.h"

namespace sluice {

/// `code` of an error that says the target exists and holds something else.
inline constexpr std::string_view kAlreadyExists = "already_exists";
/// `code` of an error that says there is no such object.
inline constexpr std::string_view kNotFound = "not_found";

struct ObjectInfo {
  RemotePath path;
  int64_t size_bytes = 0;
  int64_t modified_ms = 0;  ///< by the store's clock, since 1970
};

/// Files of the lake. Names are never reused, so an object never changes: once Put returned, every
/// later Get sees exactly those bytes. Thread-safe. Every call ends by its deadline with kRetryable
/// at the latest; kRetryable while the store is away or turns us away (expired keys, a full disk):
/// it may work again when a person has acted. kInvalidConfig when it never took a request of ours,
/// kFatal when no repetition helps or the path is not its own.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Creates the object, durable when it returns. Never overwrites: kFatal with kAlreadyExists.
  /// Putting the same bytes again, after a lost reply, succeeds.
  virtual Status Put(const RemotePath& path, std::string_view bytes, SteadyTime deadline) = 0;
  /// The same with the content of a local file, which stays. Nobody writes to it any more: a store
  /// in a folder may give it a second name.
  virtual Status PutFile(const LocalPath& from, const RemotePath& to, SteadyTime deadline) = 0;
  /// Reads a whole object; kFatal when it is longer than `max_bytes`. kFatal with kNotFound.
  virtual Result<std::string> Get(const RemotePath& path, int64_t max_bytes,
                                  SteadyTime deadline) = 0;
  /// Reads [offset, offset + length); fewer bytes only at the object's end.
  virtual Result<std::string> GetRange(const RemotePath& path, int64_t offset, int64_t length,
                                       SteadyTime deadline) = 0;
  /// Returns the object's size.
  virtual Result<int64_t> Head(const RemotePath& path, SteadyTime deadline) = 0;
  /// Returns every object below a folder, in no order; none when the folder does not exist.
  virtual Result<std::vector<ObjectInfo>> List(const RemotePath& folder, SteadyTime deadline) = 0;
  /// Removes the object; one that is not there is fine. Only maintenance calls this.
  virtual Status Delete(const RemotePath& path, SteadyTime deadline) = 0;
  /// Proves in a folder that the store keeps its word, by an object of its own. FailsWith
  /// kInvalidConfig and what is wrong with the store or its settings; kRetryable while it is away.
  virtual Status Check(const RemotePath& folder, SteadyTime deadline) = 0;
};

}  // namespace sluice
