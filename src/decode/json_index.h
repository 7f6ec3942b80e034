#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace sluice::json {

/// Where the tokens of one record begin: each bracket, comma and colon, the opening quote of each
/// string, the first byte of each other scalar. simdjson's first stage finds them and checks UTF-8
/// and string ends; what it refuses is looked at again byte by byte, for the exact place.
class JsonIndex {
 public:
  enum class Outcome {
    kWhole,         ///< tokens of the whole text
    kBlank,         ///< no token at all
    kNotUtf8,       ///< at fault_position(); no tokens
    kBrokenString,  ///< tokens before a string that does not end, or holds a control byte
  };

  /// Fits texts of at most `max_bytes`.
  static Result<JsonIndex> Make(size_t max_bytes);

  /// Valid until the next call. `text` is at most max_bytes long.
  Outcome Build(std::string_view text);

  /// count() positions, then one more: where the last token's neighbourhood ends.
  const uint32_t* positions() const { return positions_; }
  size_t count() const { return count_; }
  size_t fault_position() const { return fault_position_; }

 private:
  using Parser = simdjson::internal::dom_parser_implementation;
  explicit JsonIndex(std::unique_ptr<Parser> parser) : parser_(std::move(parser)) {}
  Outcome BuildSlowly(std::string_view text);

  std::unique_ptr<Parser> parser_;
  std::vector<uint32_t> slow_;
  const uint32_t* positions_ = nullptr;
  size_t count_ = 0;
  size_t fault_position_ = 0;
};

/// Returns the position of the first byte that is no UTF-8, or the size when all are.
size_t FirstNotUtf8(std::string_view text);

}  // namespace sluice::json
