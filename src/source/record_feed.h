#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "source/produce.h"

namespace sluice {

/// The records that a file becomes, the file as often as asked. Used by one thread.
class RecordFeed {
 public:
  virtual ~RecordFeed() = default;
  /// Opens options.csv as what it is: lines of JSON (`.jsonl`, `.ndjson`, options.lines) or CSV.
  /// FailsWith what that feed's Open does.
  static Result<std::unique_ptr<RecordFeed>> Make(const ProduceOptions& options,
                                                  const std::stop_token& stop);

  /// Steps to the next record; false after the last. FailsWith kBadInput and the line.
  virtual Result<bool> Next() = 0;
  virtual int64_t bytes_read() const = 0;
  virtual int64_t total_bytes() const = 0;  ///< 0: unknown
  const std::string& value() const { return value_; }
  const std::optional<std::string>& key() const { return key_; }

 protected:
  std::string value_;
  std::optional<std::string> key_;
};

}  // namespace sluice
