#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "pipeline/services.h"

namespace sluice {

/// One comparison: what the ledger says must be there, and what is.
struct VerifyLine {
  std::string place;  ///< `lake raw.books`, `warehouse public.books_silver`, `quarantine`
  int32_t log = 0;
  int32_t partition = -1;  ///< -1: of the table as a whole
  int64_t from = 0, to = 0;
  int64_t expected = 0;
  int64_t found = 0;
  std::string remark;  ///< empty when they agree and nothing is to be said
  bool agrees = true;
};

struct VerifyReport {
  std::vector<VerifyLine> lines;
  std::vector<std::string> broken_files;  ///< missing, of another size, listed twice, wrong rows
  int64_t files = 0;
  int64_t rows = 0;  ///< read in lake and warehouse
  bool ok() const;
};

/// How far a verification is; `total` is what the ledger expects of all tables.
struct VerifyProgress {
  std::string place;  ///< `lake raw.books: file 3 of 12`
  int64_t rows = 0;
  int64_t total = 0;
};
using OnVerifyProgress = std::function<void(const VerifyProgress&)>;

/// Compares, in one REPEATABLE READ snapshot, the ledger's ranges with the rows in every lake
/// table, warehouse table and the quarantine, by log and partition, and opens every data file of
/// the lake. Writes nothing.
Result<VerifyReport> VerifyPipeline(const Spec& spec, Services& services,
                                    const OnVerifyProgress& on_progress);

}  // namespace sluice
