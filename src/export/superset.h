#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/spec.h"
#include "core/result.h"
#include "export/assets.h"
#include "export/manifest.h"
#include "stage/sql.h"

namespace sluice {

/// Code of the error that tells that gold has not been built yet.
inline constexpr std::string_view kNotBuilt = "not_built";

/// Gathers what a Superset bundle of this pipeline holds: datasets of the dbt project's models with
/// the columns that the warehouse has, its dashboards, and one over the ledger. Without a project
/// (`manifest` null) the pipeline's own tables stand for models. FailsWith kInvalidConfig when a
/// table is not in the warehouse yet (code kNotBuilt), or settings in `meta.superset` are wrong.
Result<Assets> SupersetAssets(const Spec& spec, const Manifest* manifest, SqlSession& session,
                              const std::map<std::string, std::string>& warehouse);

/// Returns SQLAlchemy's address for libpq's parameters; a password, known here or not, is the mask
/// that Superset replaces, except on a Unix socket, where none is needed.
std::string SqlAlchemyUri(const std::map<std::string, std::string>& parameters);

}  // namespace sluice
