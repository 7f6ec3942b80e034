#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "stage/chunk.h"
#include "stage/duck.h"
#include "transform/sql_scratch.h"

namespace sluice {

/// Puts a text of more than twelve bytes there by its place, which must stay.
inline void ReferTo(const Chunk& chunk, size_t column, size_t row, std::string_view text) {
  auto& value = static_cast<duckdb_string_t*>(duckdb_vector_get_data(chunk.column(column)))[row];
  value.value.pointer.length = static_cast<uint32_t>(text.size());
  text.copy(value.value.pointer.prefix, sizeof value.value.pointer.prefix);
  value.value.pointer.ptr = const_cast<char*>(text.data());
}

/// A place for tests to make bronze chunks and look at silver ones.
class TestBronze {
 public:
  explicit TestBronze(DuckEngine& engine) : connection_(std::move(*engine.Connect())) {}

  /// Runs a query whose columns are those of a bronze chunk.
  Chunks Fetch(const std::string& sql) {
    Chunks chunks;
    auto result = DuckQuery(connection_.get(), sql);
    if (!result) {
      ADD_FAILURE() << result.error().message << "\n" << sql;
      return chunks;
    }
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result->get())) chunks.emplace_back(chunk);
    return chunks;
  }

  /// Makes bronze rows of a SELECT that gives the declared columns `c0…`, and `i`, the offset.
  Chunks Make(const std::vector<Field>& columns, const std::string& rows) {
    std::string list;
    for (size_t i = 0; i < columns.size(); ++i) {
      list += fmt::format("c{}::{}, ", i, SpellForDuck(columns[i].type));
    }
    return Fetch(fmt::format(
        "SELECT {} '{{\"x\":' || i || '}}', [{{'key': 'h', 'value': 'v'::BLOB}}], ('k' || "
        "i)::BLOB, "
        "CASE WHEN i <> 1 THEN TIMESTAMPTZ '2024-01-01' END, 3::INT, 0::INT, i::BIGINT FROM ({})",
        list, rows));
  }

  /// Returns `value | value @offset` for each row.
  std::vector<std::string> Show(const std::vector<Field>& columns, const Chunks& silver) {
    std::string declared;
    std::string shown;
    for (const auto& field : SilverSchema(columns).fields) {
      const std::string name = QuoteIdentifier("column " + field.name);
      declared += (declared.empty() ? "" : ", ") + name + " " + SpellForDuck(field.type);
    }
    for (const auto& field : columns) {
      if (!shown.empty()) shown += " || ' | ' || ";
      shown +=
          fmt::format("coalesce({}::VARCHAR, 'NULL')", QuoteIdentifier("column " + field.name));
    }
    EXPECT_TRUE(DuckQuery(connection_.get(),
                          fmt::format("CREATE OR REPLACE TEMP TABLE shown ({})", declared))
                    .has_value());
    duckdb_appender appender = nullptr;
    EXPECT_EQ(duckdb_appender_create(connection_.get(), nullptr, "shown", &appender),
              DuckDBSuccess);
    for (const auto& chunk : silver) {
      EXPECT_EQ(duckdb_append_data_chunk(appender, chunk.get()), DuckDBSuccess)
          << duckdb_appender_error(appender);
    }
    duckdb_appender_destroy(&appender);
    auto rows = TextRows(connection_.get(),
                         fmt::format("SELECT {} || ' @' || \"column _offset\" FROM shown", shown));
    if (!rows) ADD_FAILURE() << rows.error().message;
    std::vector<std::string> lines;
    for (auto& row : *rows) lines.push_back(std::move(row[0]));
    return lines;
  }

 private:
  DuckConnectionHandle connection_;
};

}  // namespace sluice
