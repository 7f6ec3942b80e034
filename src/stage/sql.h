#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sluice {

using SqlValue = std::optional<std::string>;  ///< text format; absent is NULL
using SqlRow = std::vector<SqlValue>;

struct SqlRows {
  std::vector<std::string> columns;
  std::vector<SqlRow> rows;
  int64_t affected = 0;  ///< the count of the command tag
};

/// Returns a cell that holds an integer or a float as a number; 0 for NULL.
int64_t IntegerOf(const SqlValue& value);
double DoubleOf(const SqlValue& value);
/// Returns the number as a parameter, to be cast: `$1::int`.
SqlValue TextOf(int64_t number);

/// Returns the items as an array parameter, to be cast: `$1::text[]`, `$1::bigint[]`.
SqlValue ArrayOf(std::span<const std::string> items);
SqlValue ArrayOf(std::span<const int64_t> items);

/// One PostgreSQL connection, used by one thread. Errors carry the SQLSTATE in `code` and name the
/// caller's next move: 22, 23 → kBadData; 40, 53, 55P03, 57, 08 and a lost connection (code
/// "08006") → kRetryable; 25006 (read-only) → kRetryable; 42501 (a right is missing) →
/// kInvalidConfig; the rest → kFatal.
class SqlSession {
 public:
  virtual ~SqlSession() = default;

  /// Runs one statement with bound parameters `$1…`.
  virtual Result<SqlRows> Query(std::string_view sql, std::span<const SqlValue> params) = 0;
  /// Runs one or more statements without parameters; returns the last one's rows.
  virtual Result<SqlRows> Query(std::string_view sql) = 0;
  /// Sends `buffers` in order as the data of a `COPY … FROM STDIN`; returns the rows taken.
  virtual Result<int64_t> CopyIn(std::string_view copy_sql,
                                 std::span<const std::string_view> buffers) = 0;
  /// Returns false once the connection was lost; such a session only fails.
  virtual bool IsAlive() const = 0;
  /// Returns the server's process id for this connection.
  virtual int32_t BackendPid() const = 0;
};

/// Where sessions come from. Thread-safe.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;
  /// Connects with the settings of commit-protocol.md, section 7. `name` becomes the
  /// application_name, cut at 63 bytes. FailsWith kRetryable when the server is away,
  /// kInvalidConfig when it refuses us (28xxx, 3D000).
  virtual Result<std::unique_ptr<SqlSession>> Connect(std::string_view name) = 0;
  /// Returns a libpq address for other programs (dbt, psql), password left out.
  virtual std::string Address() const = 0;
};

}  // namespace sluice
