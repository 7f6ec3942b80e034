#pragma once

#include <string>

#include "stage/chunk.h"
#include "stage/schema.h"

namespace sluice {

/// Appends one value of a flat vector as JSON text, with the forms of PostgreSQL's to_jsonb: bytes
/// as "\\x6162", NaN and infinities as strings, times as ISO 8601. A NUL inside a string stays
/// `\u0000`, which jsonb refuses.
void AppendJson(std::string& to, const Type& type, duckdb_vector vector, size_t row);

}  // namespace sluice
