#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "stage/row_batch.h"
#include "stage/sql.h"

namespace sluice {

enum class Sink { kWarehouse, kLake };
std::string_view Name(Sink sink);  // "warehouse", "lake"

/// One sink's part of a commit's transaction. Plain data behind it, never a live handle: it may be
/// applied again, in a new transaction on a new session, after a rollback.
class Participant {
 public:
  virtual ~Participant() = default;
  /// Steps S4 or S5–S7 of commit-protocol.md inside the open transaction. FailsWith kBadData when
  /// PostgreSQL refuses a row, kRetryable when the same may work later (a lost pointer race too),
  /// kInvariant when counts differ.
  virtual Status Apply(SqlSession& session, const CommitId& commit) = 0;
  /// Returns what the last Apply made, by table (`raw.books` → snapshot id), for the ledger.
  virtual std::map<std::string, int64_t> Snapshots() const { return {}; }
};

/// What differs between a live table and what the pipeline needs.
struct TableChange {
  std::string table;   ///< `raw.books`, `public.books_silver`
  std::string action;  ///< `create`, `add column`, `none`
  std::string detail;  ///< for a person: columns and types
  std::string sql{};   ///< the statement, for warehouse tables
};

/// Silver rows into PostgreSQL tables.
class WarehouseSink {
 public:
  virtual ~WarehouseSink() = default;
  /// Compares live tables with the silver schemas; writes nothing. FailsWith kInvalidConfig and
  /// the exact difference where a table cannot be used as it is.
  virtual Result<std::vector<TableChange>> Plan(SqlSession& session) = 0;
  /// Carries Plan out, in one transaction of its own.
  virtual Status Prepare(SqlSession& session) = 0;
  /// Encodes the batch's rows once. The participant owns what it needs; the batch may go.
  virtual Result<std::unique_ptr<Participant>> Stage(const RowBatch& batch) = 0;
  /// Finds the rows that PostgreSQL refuses (22xxx, 23xxx) by trying halves in a transaction that
  /// is rolled back. Reason `warehouse_rejected:<sqlstate>`. Sorted by id.
  virtual Result<std::vector<Reject>> FindRejects(SqlSession& session, const RowBatch& batch) = 0;
};

/// Bronze and silver rows into Iceberg tables. Files stay open over many batches.
class LakeSink {
 public:
  virtual ~LakeSink() = default;
  virtual Result<std::vector<TableChange>> Plan(SqlSession& session) = 0;
  /// Creates tables and adds columns, in a transaction of its own.
  virtual Status Prepare(SqlSession& session) = 0;
  /// Adds the batch's rows to the open files; keeps nothing of the batch.
  virtual Status Append(std::shared_ptr<const RowBatch> batch) = 0;
  /// Returns about how many bytes the open files hold, the largest file's.
  virtual int64_t OpenFileBytes() const = 0;
  /// Closes the open files, uploads them with their new manifests (S2) and returns the rest of
  /// the commit (S5–S7). With no rows since the last Seal the participant touches no table.
  virtual Result<std::unique_ptr<Participant>> Seal(const CommitId& commit) = 0;
  /// Forgets all rows since the last Seal; their files become orphans or never were.
  virtual void Discard() = 0;
};

}  // namespace sluice
