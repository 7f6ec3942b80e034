#pragma once

#include "core/result.h"
#include "stage/sql.h"
#include "warehouse/copy_data.h"
#include "warehouse/target.h"

namespace sluice {

/// Appends or upserts encoded rows inside the open transaction. FailsWith kBadData when PostgreSQL
/// refuses a row, kInvariant when it took another number of them.
Status PutRows(SqlSession& session, const RowStatements& statements, const EncodedRows& rows);

}  // namespace sluice
