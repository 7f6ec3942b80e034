#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Returns `text` with control bytes, DEL and bidi overrides shown as `\x1b` or `\u202e`, so that
/// a terminal or a log reader cannot be steered by data.
std::string EscapeControl(std::string_view text);

/// Returns `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string JsonQuote(std::string_view text);

/// Returns the longest prefix of at most `max_bytes` that does not cut a UTF-8 sequence.
std::string_view CutUtf8(std::string_view text, size_t max_bytes);

/// Returns a quoted SQL identifier: `a"b` is `"a""b"`. For DuckDB and PostgreSQL alike.
std::string QuoteIdentifier(std::string_view name);

/// Returns a quoted SQL string literal for standard_conforming_strings: `it's` is `'it''s'`.
std::string QuoteLiteral(std::string_view text);

/// Returns the pieces between separators; `""` gives one empty piece.
std::vector<std::string> Split(std::string_view text, char separator);

/// Returns the pieces joined by `separator`.
std::string Join(std::span<const std::string> pieces, std::string_view separator);

/// Returns the candidate with the least edit distance to `word`, or "" when none is near
/// (more than a third of the word would change).
std::string Nearest(std::string_view word, std::span<const std::string> candidates);

/// Returns `1,234,567`.
std::string WithThousands(int64_t number);

/// Returns the SHA-256 of `bytes` as 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace sluice
