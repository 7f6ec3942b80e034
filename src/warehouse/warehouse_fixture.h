#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "postgres/scratch_server.h"
#include "stage/duck.h"
#include "stage/row_batch.h"
#include "warehouse/warehouse.h"

namespace sluice {

/// Runs DuckDB SQL and returns its rows as flat chunks, as the transform does.
inline Chunks RowsOfSql(duckdb_connection connection, const std::string& sql) {
  Chunks chunks;
  auto result = DuckQuery(connection, sql);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  if (!result) return chunks;
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result->get())) chunks.emplace_back(chunk);
  return chunks;
}

inline const Type kText{.kind = TypeKind::kString};
inline const Type kInteger{.kind = TypeKind::kInt};
inline const Type kDouble{.kind = TypeKind::kDouble};

inline const std::vector<Field>& Books() {
  static const std::vector<Field> columns{
      {"title", kText, false, "the book's \"title\""}, {"Author(s)", kText}, {"sales", kDouble}};
  return columns;
}

/// `title, author, sales, timestamp, partition, offset` rows as DuckDB SQL.
inline std::string BookRows(const std::string& values) {
  return "SELECT t::VARCHAR, a::VARCHAR, s::DOUBLE, ts::TIMESTAMPTZ, 1::INTEGER, p::INTEGER, "
         "o::BIGINT FROM (VALUES " +
         values + ") v(t, a, s, ts, p, o)";
}

/// A batch whose only silver table has these rows.
inline RowBatch BatchOf(Chunks chunks) {
  RowBatch batch;
  batch.log = LogId{1};
  batch.silver.push_back(std::move(chunks));
  return batch;
}

/// One scratch server, DuckDB and session for a suite's tests.
class WarehouseSuite : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto scratch = ScratchServer::Make();
    ASSERT_TRUE(scratch) << scratch.error().message;
    scratch_ = scratch->release();
  }
  static void TearDownTestSuite() { delete std::exchange(scratch_, nullptr); }

  void SetUp() override {
    engine_ = *DuckEngine::Make();
    duck_ = *engine_->Connect();
    session_ = Connect();
    ASSERT_TRUE(session_->Query("DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
  }

  static std::unique_ptr<SqlSession> Connect() {
    const auto database = scratch_->server().Database();
    auto session = (*database)->Connect("warehouse_test");
    EXPECT_TRUE(session) << session.error().message;
    return *std::move(session);
  }

  RowBatch Batch(const std::string& sql) { return BatchOf(RowsOfSql(duck_.get(), sql)); }

  static std::string Text(SqlSession& session, std::string_view sql) {
    const auto rows = session.Query(sql);
    if (!rows) return rows.error().message;
    std::string text;
    for (const auto& row : rows->rows) {
      for (const auto& value : row) text += value.value_or("NULL") + "|";
      text += '\n';
    }
    return text;
  }
  std::string Text(std::string_view sql) { return Text(*session_, sql); }

  static ScratchServer* scratch_;
  std::unique_ptr<DuckEngine> engine_;
  DuckConnectionHandle duck_;
  std::unique_ptr<SqlSession> session_;
};
inline ScratchServer* WarehouseSuite::scratch_ = nullptr;

inline WarehouseTable TableOf(std::vector<Field> columns, std::vector<std::string> key = {}) {
  WarehouseTable table;
  table.spec.schema = "public";
  table.spec.table = "books_silver";
  table.spec.mode = key.empty() ? WriteMode::kAppend : WriteMode::kUpsert;
  table.spec.key = std::move(key);
  table.columns = std::move(columns);
  return table;
}

inline std::unique_ptr<WarehouseSink> SinkOf(WarehouseTable table) {
  std::vector<WarehouseTable> tables;
  tables.push_back(std::move(table));
  auto sink = MakeWarehouse(std::move(tables));
  EXPECT_TRUE(sink) << (sink ? "" : sink.error().message);
  return sink ? *std::move(sink) : nullptr;
}

/// Stages and commits one batch.
inline Status Commit(WarehouseSink& sink, SqlSession& session, const RowBatch& batch) {
  SLUICE_ASSIGN(const auto staged, sink.Stage(batch));
  SLUICE_TRY(session.Query("BEGIN"));
  const Status applied = staged->Apply(session, CommitId::Random());
  if (session.IsAlive()) SLUICE_TRY(session.Query(applied ? "COMMIT" : "ROLLBACK"));
  return applied;
}

}  // namespace sluice
