#include "source/lines_feed.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

namespace sluice {
namespace {

constexpr size_t kMaxLineBytes = 64 << 20;

}  // namespace

Result<std::unique_ptr<RecordFeed>> LinesFeed::Open(const ProduceOptions& options) {
  if (!options.key.empty() || !options.declared.empty() || options.delimiter != 0) {
    return Fail(ErrorKind::kUsage, "--key, --type and --delimiter are for CSV files",
                "lines of JSON are sent as they are");
  }
  if (options.csv == "-" && options.repeat > 1) {
    return Fail(ErrorKind::kUsage, "--repeat needs a file: a pipe can be read once only");
  }
  std::unique_ptr<LinesFeed> feed(new LinesFeed(options.csv, options.repeat));
  SLUICE_TRY(feed->OpenFile());
  return feed;
}

Result<bool> LinesFeed::Next() {
  for (;;) {
    if (!std::getline(*in_, value_)) {
      if (in_->bad()) {
        return Fail(ErrorKind::kBadInput, fmt::format("{}: reading failed", path_));
      }
      if (passes_ >= repeat_) return false;
      ++passes_;
      SLUICE_TRY(OpenFile());
      continue;
    }
    ++line_;
    bytes_read_ += static_cast<int64_t>(value_.size()) + 1;
    if (value_.size() > kMaxLineBytes) {
      return Fail(ErrorKind::kBadInput,
                  fmt::format("{}:{}: the line has {} bytes, {} are the limit", path_, line_,
                              value_.size(), kMaxLineBytes));
    }
    if (value_.ends_with('\r')) value_.pop_back();
    if (!value_.empty()) return true;
  }
}

Status LinesFeed::OpenFile() {
  line_ = 0;
  if (path_ == "-") {
    in_ = &std::cin;
    return {};
  }
  file_ = std::ifstream(path_, std::ios::binary);
  in_ = &file_;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path_, error);
  if (!file_ || error) {
    return Fail(ErrorKind::kBadInput, fmt::format("{} cannot be read: {}", path_,
                                                  error ? error.message() : std::strerror(errno)));
  }
  file_bytes_ = static_cast<int64_t>(bytes);
  return {};
}

}  // namespace sluice
