#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "config/spec.h"
#include "core/result.h"
#include "lake/object_store.h"

namespace sluice {

/// Makes the store of the lake: a folder, or S3 with keys that are read anew when they are refused.
/// Touches no network. After a stop calls to S3 fail with kShutdown, within about a second where
/// they are under way.
Result<std::unique_ptr<ObjectStore>> MakeLakeStore(const Spec& spec, std::stop_token stop = {});

/// Returns the places that the pipeline's tables lie in: the root, or with a bare `s3://` the
/// bucket of each namespace.
std::vector<RemotePath> LakePlaces(const Spec& spec);

/// Asks the store for each of those places, and writes nothing. Fails as ObjectStore::List does
/// within 20 s; missing buckets are named all at once.
Status ReachLake(const Spec& spec, ObjectStore& store);

/// Checks the store in each of those places, in the same way (ObjectStore::Check).
Status CheckLake(const Spec& spec, ObjectStore& store);

/// Tries in each of those places whether objects may be removed: kStoreRefused when not.
Status CheckLakeRemoval(const Spec& spec, ObjectStore& store);

}  // namespace sluice
