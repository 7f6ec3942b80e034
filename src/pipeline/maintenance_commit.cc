#include "pipeline/maintenance_commit.h"

#include "lake/catalog.h"
#include "ledger/receipt.h"

namespace sluice {

Status MaintenanceCommit::Apply(SqlSession& session) {
  SLUICE_TRY(change_.Apply(session, id_));
  return InsertReceipt(session, {.commit = id_,
                                 .pipeline = pipeline_,
                                 .kind = kind(),
                                 .ranges = "[]",
                                 .snapshots = change_.Snapshots(),
                                 .worker = worker_});
}

// Whoever changes the table holds its pointer's lock until the end.
Status MaintenanceCommit::AwaitEnd(SqlSession& session) {
  SLUICE_TRY(LockPointer(session, catalog_, table_));
  return {};
}

}  // namespace sluice
