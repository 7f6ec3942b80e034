#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "ledger/quarantine_report.h"

namespace sluice::cli {

/// Returns the bytes as they are when they are text that a terminal can show (control bytes
/// escaped), else as a dump: offset, 16 bytes in hex, the same as ASCII. At most `max_bytes` of
/// them, then a line that tells how many are left.
std::string ShowBytes(std::string_view bytes, size_t max_bytes);

/// Returns a record for -o json; with its bytes in hex where asked for.
nlohmann::json AsJson(const Quarantined& record, bool with_bytes);

/// Prints JSON whose strings may be no UTF-8.
std::string Dump(const nlohmann::json& json);

}  // namespace sluice::cli
