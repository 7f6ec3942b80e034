#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/reader.h"

namespace sluice {

/// Returns the name of each file on this machine, in order. Those of a folder lie where they are,
/// others are copied into `spool_folder`, several at a time. FailsWith kRetryable when they do not
/// fit on its disk.
Result<std::vector<std::string>> FetchFiles(const std::vector<LiveFile>& files, ObjectStore& store,
                                            const std::string& spool_folder);

/// Calls visit(file, name on this machine) for each file in order. Copies in `spool_folder` are
/// few at any time, and gone afterwards.
Status VisitFiles(
    const std::vector<LiveFile>& files, ObjectStore& store, const std::string& spool_folder,
    const std::function<Status(const LiveFile& file, const std::string& local)>& visit);

}  // namespace sluice
