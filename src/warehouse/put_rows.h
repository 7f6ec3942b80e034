#pragma once

#include <span>
#include <string_view>

#include "core/result.h"
#include "stage/sql.h"
#include "warehouse/target.h"

namespace sluice {

/// Appends or upserts encoded rows inside the open transaction. FailsWith kBadData when PostgreSQL
/// refuses a row, kInvariant when it took another number of them.
Status PutRows(SqlSession& session, const RowStatements& statements,
               std::span<const std::string_view> copy_data, int64_t rows);

}  // namespace sluice
