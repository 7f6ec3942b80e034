#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/spec.h"

namespace sluice {

/// Returns where a table lies in the lake: root/namespace/table, without a slash at the end.
/// A bare `s3://` makes the namespace the bucket: `s3://raw/books`.
std::string TableLocation(const LakeSpec& lake, const TableName& table);

/// Returns where byte `offset` of the table's `sql` stands in the pipeline file. Right of a
/// `${…}` the column may be off, as the file's own text is longer or shorter; the line is exact.
Place PlaceInSql(const SilverSpec& silver, size_t offset);

/// The same for the text of an expectation's check.
Place PlaceInCheck(const Expectation& expectation, size_t offset);

/// Returns where byte `offset` of `text` stands when each of its lines begins at `lines`.
Place PlaceInText(std::span<const Place> lines, std::string_view text, size_t offset);

}  // namespace sluice
