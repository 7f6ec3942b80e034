#pragma once

#include <libpq-fe.h>

#include <memory>

namespace sluice {

/// libpq's handles, each given back by the library's own call.
struct PqDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  void operator()(char* text) const { PQfreemem(text); }
};

using PqConnection = std::unique_ptr<PGconn, PqDeleter>;
using PqResult = std::unique_ptr<PGresult, PqDeleter>;
using PqOptions = std::unique_ptr<PQconninfoOption, PqDeleter>;
using PqText = std::unique_ptr<char, PqDeleter>;

}  // namespace sluice
