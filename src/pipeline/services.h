#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "config/spec.h"
#include "core/result.h"
#include "lake/object_store.h"
#include "postgres/private_server.h"
#include "source/embedded_broker.h"
#include "stage/source.h"
#include "stage/sql.h"

namespace sluice {

struct OpenOptions {
  std::chrono::milliseconds wait{60'000};  ///< for services that are away; then kRetryable
  std::stop_token stop{};
  /// Told which service is waited for and why; "" when it goes on.
  std::function<void(const std::string&)> on_wait = [](const std::string&) {};
};

/// PostgreSQL and the object store of a pipeline, as the file names them. Members are in the order
/// of their need: destroyed from the last.
struct Services {
  std::unique_ptr<PrivateServer> server;  ///< null when the warehouse is an address
  std::unique_ptr<SqlDatabase> database;
  std::unique_ptr<ObjectStore> store;
  std::string conninfo;  ///< for dbt; may hold a password
};

/// Starts or attaches to the private server, or waits for the one named. FailsWith kRetryable
/// when it is still away after `wait`, kInvalidConfig when it refuses us.
Result<Services> OpenServices(const Spec& spec, const OpenOptions& options);

/// Runs `attempt` again while it FailsWith kRetryable, with back-off, until `options.wait` is over
/// or a stop is asked for. `what` is what on_wait is told: "PostgreSQL".
Status WaitFor(std::string_view what, const OpenOptions& options,
               const std::function<Status()>& attempt);

/// Where the topic is: the address of the file, or a broker of ours.
struct BrokerUse {
  std::unique_ptr<EmbeddedBroker> own;    ///< set when this process runs it
  std::optional<BrokerAddress> embedded;  ///< set when it is one of ours, here or elsewhere
  std::string bootstrap;
};

/// Finds the broker; with `start` starts the embedded one when none of the project's is alive.
/// FailsWith kRetryable when there is none and none may be started.
Result<BrokerUse> OpenBroker(const Spec& spec, bool start);

/// Which of a process's workers.
struct Seat {
  int32_t number = 0;
  int32_t workers = 1;
};

/// Makes a consumer of the pipeline's group, with its share of the process's bytes. Each worker but
/// the first adds its number to the `group.instance.id`, which one member alone may have.
Result<std::unique_ptr<Source>> MakeSource(const Spec& spec, const BrokerUse& broker,
                                           const std::string& client_id, Seat seat = {});

}  // namespace sluice
