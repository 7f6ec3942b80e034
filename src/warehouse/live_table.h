#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "stage/sql.h"
#include "warehouse/target.h"

namespace sluice {

struct LiveColumn {
  std::string name;
  std::string type;  ///< as format_type spells it
  bool not_null = false;
  bool has_default = false;
  bool generated = false;  ///< PostgreSQL makes its value and takes no other
};

/// A valid unique index over plain columns, that ON CONFLICT can use.
struct LiveKey {
  std::set<std::string> columns;
  bool nulls_not_distinct = false;
};

/// What the server has under a target's name.
struct LiveTable {
  bool schema_exists = false;
  char kind = '\0';                           ///< pg_class.relkind; NUL when there is nothing
  bool logged = true;                         ///< false: a crash of the server empties it
  bool row_security = false;                  ///< policies hide or refuse rows of this role
  std::string role;                           ///< who we are
  std::vector<std::string> missing_rights{};  ///< of this role: `INSERT`, `USAGE` of the schema
  std::vector<LiveColumn> columns;
  std::vector<LiveKey> keys;

  const LiveColumn* Find(const std::string& name) const;
};

Result<LiveTable> ReadLiveTable(SqlSession& session, const Target& target);

/// Returns the server's version as a number: 150002 is 15.2.
Result<int> ReadServerVersion(SqlSession& session);

}  // namespace sluice
