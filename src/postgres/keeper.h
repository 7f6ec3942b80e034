#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "postgres/file_lock.h"
#include "postgres/server_place.h"

namespace sluice {

/// Starts the process that keeps a server: it launches the postmaster, launches it again when it
/// dies, and stops it when nobody holds the users lock any more. It takes over `lock`, which is
/// held as long as it lives, and gives up after some starts in a row that failed. When it is
/// killed itself, the kernel tells the postmaster to stop.
///
/// The keeper is a fork that goes on without exec, in a session of its own and with nothing of the
/// caller's open; it makes only async-signal-safe calls, so that any thread may start it.
Status StartKeeper(const ServerPlace& place, std::vector<std::string> postmaster, FileLock lock);

}  // namespace sluice
