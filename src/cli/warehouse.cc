
#include "cli/args.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/waiting.h"
#include "pipeline/services.h"

namespace sluice::cli {
namespace {

// The statement's error is the user's, whatever PostgreSQL calls it.
Result<SqlRows> RunReadOnly(SqlSession& session, const std::string& sql) {
  SLUICE_TRY(session.Query("BEGIN READ ONLY"));
  auto rows = session.Query(sql, {});
  SLUICE_TRY(session.Query("ROLLBACK"));
  if (rows || rows.error().kind == ErrorKind::kRetryable) return rows;
  return Fail(ErrorKind::kUsage, rows.error().message, rows.error().hint, rows.error().code);
}

}  // namespace

int WarehouseSql(const CommonArgs& common, const SqlArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  const auto session = services->database->Connect("sluice-sql");
  if (!session) return Failed(common, session.error());
  const auto rows = RunReadOnly(**session, args.sql);
  if (!rows) return Failed(common, rows.error());
  PrintRows(common, rows->columns, rows->rows);
  return 0;
}

int WarehouseAddress(const CommonArgs& common) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  Print(services->database->Address() + "\n");
  if (spec->warehouse.embedded) {
    Tell(
        "sluice: the private server lives as long as a sluice process uses it, such as `sluice "
        "run`\n");
  }
  return 0;
}

}  // namespace sluice::cli
