#pragma once

#include <memory>

#include "config/spec.h"
#include "core/result.h"
#include "stage/decoder.h"

namespace sluice {

/// JSON objects to bronze rows, as strict as bad-input.md asks: a record is a row in every detail,
/// or a reject that names what is wrong and where. Grammar comes before meaning (a record that is
/// no JSON is `json_syntax` whatever its columns hold); within each the first fault counts.
///
/// Beyond the list: `binary` columns take base64 text (`base64_invalid`); dates and times are
/// ISO 8601 of the years 1 to 9999, digits past the microsecond are cut; an instant in a
/// `timestamp` column becomes UTC wall-clock time; `_rest` holds undeclared fields, and, whole, the
/// declared columns whose objects have undeclared fields; header keys that are no UTF-8 have those
/// bytes as `\xff`; `unknown_fields: quarantine` gives `unknown_field`; a row whose times part the
/// table and lie too far from the record's own is `timestamp_outside_window`.
///
/// FailsWith kInvalidConfig when the options do not fit (an unknown zone, two columns that differ
/// only in case under `case_insensitive`).
Result<std::unique_ptr<Decoder>> MakeJsonDecoder(const BronzeSpec& spec);

}  // namespace sluice
