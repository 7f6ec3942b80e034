#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "source/embedded_broker.h"

namespace sluice {

/// Writes `<state_folder>/broker.json` in one step, for its owner's eyes only. FailsWith
/// kInvalidConfig when a living broker is registered there, kFatal when the folder is not writable.
Status RegisterBroker(const std::string& state_folder, const BrokerAddress& address);

/// Takes the file away when it is still this broker's.
void RemoveBrokerFile(const std::string& state_folder, const BrokerAddress& address);

/// Returns nothing when there is no file or it is not ours to read as one.
Result<std::optional<BrokerAddress>> ReadBrokerFile(const std::string& state_folder);

/// Returns whether the process that wrote the address still runs and its port answers.
bool IsAlive(const BrokerAddress& address);

/// Returns when a process began, in clock ticks since boot; nothing when there is none.
std::optional<int64_t> ProcessStart(int64_t pid);

}  // namespace sluice
