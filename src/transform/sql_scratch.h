#pragma once

#include <expected>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "stage/duck.h"

namespace sluice {

/// Something wrong at a byte of a SQL text.
struct SqlFinding {
  std::string code;
  size_t offset = 0;
  std::string message;
  std::string hint{};
};

/// One result column as DuckDB describes it.
struct SqlColumn {
  std::string name;
  std::string type_text;  ///< DuckDB's spelling; `"NULL"` inside where a NULL has no type yet
  DuckType type;
};

/// A DuckDB of its own, gone after compiling, that parses and describes SQL over an empty bronze
/// table. Of its own, because telling the place of an error needs a setting of the whole database.
class SqlScratch {
 public:
  static Result<SqlScratch> Make(const BronzeSpec& bronze);

  /// Returns the syntax trees of all statements, as DuckDB's json_serialize_sql gives them.
  std::expected<nlohmann::json, SqlFinding> Parse(std::string_view sql) const;
  /// Binds one SELECT and returns its columns; a finding's code is E0302.
  std::expected<std::vector<SqlColumn>, SqlFinding> Describe(const std::string& sql) const;

  duckdb_connection connection() const { return connection_.get(); }

 private:
  SqlScratch(std::unique_ptr<DuckEngine> engine, DuckConnectionHandle connection)
      : engine_(std::move(engine)), connection_(std::move(connection)) {}

  std::unique_ptr<DuckEngine> engine_;
  DuckConnectionHandle connection_;
};

/// Returns DuckDB's spelling of a type: `STRUCT("a" INTEGER)[]`.
std::string SpellForDuck(const Type& type);

/// Returns rows of text; NULL is "".
Result<std::vector<std::vector<std::string>>> TextRows(duckdb_connection connection,
                                                       const std::string& sql);

}  // namespace sluice
