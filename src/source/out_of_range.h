#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "stage/source.h"

namespace sluice {

/// Returns `source_data_lost` or `source_truncated` for an offset that the broker does not have.
Error FailureOutOfRange(const std::string& topic, int32_t partition, int64_t expected,
                        const Watermarks& marks);

}  // namespace sluice
