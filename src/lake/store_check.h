#pragma once

#include <string>

#include "lake/object_store.h"

namespace sluice {

/// Returns an address in `folder` that nobody else uses, for a check.
RemotePath NewProbe(const RemotePath& folder);

/// Writes, reads and removes an object of its own in `folder`, and tries to overwrite it.
/// FailsWith kInvalidConfig and what the store does wrong; what a call of the store fails with
/// otherwise. An object that may not be removed stays.
Status CheckStore(ObjectStore& store, const RemotePath& folder, SteadyTime deadline);

/// Puts an object in `folder` and removes it: FailsWith kStoreRefused when the second is forbidden,
/// which leaves a few bytes.
Status CheckRemoval(ObjectStore& store, const RemotePath& folder, SteadyTime deadline);

/// Returns the refusal to touch what is not ours.
std::unexpected<Error> OutsideLake(const RemotePath& path, std::string_view root);

/// Returns the refusal to work with a store that breaks this word of its contract.
std::unexpected<Error> Unfit(const RemotePath& folder, std::string_view what);

}  // namespace sluice
