#pragma once

#include <vector>

#include "core/result.h"
#include "stage/chunk.h"
#include "stage/row_batch.h"
#include "stage/sql.h"
#include "warehouse/target.h"

namespace sluice {

/// Finds the rows of one table that PostgreSQL refuses, by halves, each in a savepoint of the open
/// transaction. Rows that it takes stay in the transaction, so that of two rows with one key of an
/// append table the first is good and the second is not. The caller rolls back.
Result<std::vector<Reject>> FindRefusedRows(SqlSession& session, const Target& target,
                                            const Chunks& chunks);

}  // namespace sluice
