#pragma once

#include <fstream>
#include <istream>
#include <memory>
#include <string>

#include "source/record_feed.h"

namespace sluice {

/// One record a line, sent as it is: what it holds is the decoder's to judge. Empty lines and the
/// line's end (LF or CRLF) are left out.
class LinesFeed : public RecordFeed {
 public:
  /// FailsWith kBadInput when the file cannot be read, kUsage for what only CSV can: a key column,
  /// types, a delimiter; or when a pipe should be repeated.
  static Result<std::unique_ptr<RecordFeed>> Open(const ProduceOptions& options);

  Result<bool> Next() override;
  int64_t bytes_read() const override { return bytes_read_; }
  int64_t total_bytes() const override { return file_bytes_ * repeat_; }

 private:
  LinesFeed(std::string path, int64_t repeat) : path_(std::move(path)), repeat_(repeat) {}
  Status OpenFile();

  std::string path_;
  int64_t repeat_;
  int64_t passes_ = 1;
  int64_t line_ = 0;
  int64_t bytes_read_ = 0;
  int64_t file_bytes_ = 0;
  std::ifstream file_;
  std::istream* in_ = nullptr;  // the file or stdin
};

}  // namespace sluice
