#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/spec.h"
#include "core/result.h"

namespace sluice {

/// PostgreSQL cuts longer names without a word.
inline constexpr size_t kPostgresNameBytes = 63;

/// Returns whether a name has only letters, digits and `_`, and no digit first.
bool IsIdentifier(std::string_view name);

/// Returns whether S3 allows a bucket of this name.
bool IsBucketName(std::string_view name);

/// Reads `raw.books`; nothing when it is not two identifiers of at most 63 bytes.
std::optional<TableName> ParseTableName(std::string_view text);

/// Fails (E0202) when PostgreSQL would cut one of the names of a table's columns, or could not tell
/// two of them apart.
Status CheckPostgresNames(std::span<const std::string> names);

/// Fails (E0203) for a name of the columns that sluice adds itself, in upper case as well: DuckDB
/// and Spark do not tell them apart.
Status CheckNotReserved(std::string_view column);

}  // namespace sluice
