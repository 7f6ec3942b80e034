#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/result.h"
#include "postgres/conninfo.h"
#include "postgres/pq.h"

namespace sluice {

/// A libpq connection that never blocks longer than its limits. Once it is lost it stays lost, and
/// every call fails kRetryable.
class Wire {
 public:
  static Result<std::unique_ptr<Wire>> Connect(const ConnectParams& params, int64_t connect_ms,
                                               int64_t answer_ms);

  /// Hands a request to libpq by `send` (1 is success, as PQsendQuery) and flushes it.
  Status Send(const std::function<int(PGconn*)>& send);
  /// Returns the next result of the request, null after the last one.
  Result<PqResult> Next();
  /// Sends bytes of a COPY. A server that refuses them says so in the result of FinishCopy only.
  Status PutCopyData(std::string_view bytes);
  Status FinishCopy();

  /// Returns the error of a failed result. A FATAL one ends the session: kRetryable, its own code.
  Error ErrorOf(const PGresult* result) const;
  /// Closes the connection and returns what to tell the caller.
  std::unexpected<Error> Lose(std::string_view why);

  bool IsAlive() const;
  int32_t backend_pid() const { return backend_pid_; }

 private:
  Wire(PqConnection connection, int64_t answer_ms)
      : connection_(std::move(connection)), answer_ms_(answer_ms) {}
  Status Establish(SteadyTime deadline);
  Status Flush(SteadyTime deadline);
  Status AwaitInput(SteadyTime deadline);
  Status Poll(short events, SteadyTime deadline);
  SteadyTime Deadline() const { return Now() + std::chrono::milliseconds(answer_ms_); }

  PqConnection connection_;
  const int64_t answer_ms_;
  int32_t backend_pid_ = 0;
};

}  // namespace sluice
