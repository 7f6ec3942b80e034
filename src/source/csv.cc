#include "source/csv.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "core/text.h"
#include "source/utf8.h"

namespace sluice {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The most frequent candidate outside of quotes; a comma when there is none.
char GuessDelimiter(std::string_view header_line) {
  constexpr std::string_view kCandidates = ",;\t|";
  std::array<size_t, 256> counts{};
  bool quoted = false;
  for (const char c : header_line) {
    if (c == '"') quoted = !quoted;
    if (c == '\n' && !quoted) break;
    if (!quoted) ++counts[static_cast<uint8_t>(c)];
  }
  return *std::ranges::max_element(kCandidates, {},
                                   [&](char c) { return counts[static_cast<uint8_t>(c)]; });
}

// Writes the field's text over itself with doubled quotes made single.
std::string_view Unescape(char* text, size_t size) {
  char* to = text;
  for (size_t i = 0; i < size; ++i) {
    *to++ = text[i];
    if (text[i] == '"') ++i;
  }
  return {text, static_cast<size_t>(to - text)};
}

}  // namespace

CsvReader::CsvReader(std::string name, FileHandle file, CsvOptions options)
    : name_(std::move(name)), file_(std::move(file)), options_(options) {
  struct stat about{};
  if (fstat(file_.get(), &about) == 0 && S_ISREG(about.st_mode)) total_bytes_ = about.st_size;
}

Result<std::unique_ptr<CsvReader>> CsvReader::Open(const std::string& path, CsvOptions options) {
  const bool from_stdin = path == "-";
  FileHandle file(from_stdin ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string name = from_stdin ? "stdin" : path;
  if (!file) {
    return Fail(ErrorKind::kBadInput,
                fmt::format("cannot open {}: {}", EscapeControl(name), std::strerror(errno)));
  }
  std::unique_ptr<CsvReader> reader(new CsvReader(name, std::move(file), options));
  SLUICE_TRY(reader->ReadHeader());
  return reader;
}

Result<bool> CsvReader::Next() {
  for (;;) {
    SLUICE_ASSIGN(const bool found, NextRow());
    if (!found) return false;
    const bool blank = row_.size() == 1 && row_[0].IsNull();
    if (blank && header_.size() != 1) continue;
    if (row_.size() == header_.size()) return true;
    return FailAt(row_line_,
                  fmt::format("{} columns where the header has {}", row_.size(), header_.size()));
  }
}

Status CsvReader::ReadHeader() {
  SLUICE_TRY(Refill());
  const std::string_view head(buffer_.data(), end_);
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    return FailAt(1, "the file is UTF-16, not UTF-8", "save it as `CSV UTF-8`");
  }
  if (head.starts_with(kByteOrderMark)) {
    start_ = kByteOrderMark.size();
    consumed_ = static_cast<int64_t>(start_);
  }
  if (options_.delimiter == 0) {
    options_.delimiter = GuessDelimiter(std::string_view(buffer_).substr(start_, end_ - start_));
  }
  SLUICE_ASSIGN(const bool found, NextRow());
  if (!found) return FailAt(1, "the file is empty: its first line must name the columns");
  for (const auto& field : row_) header_.emplace_back(field.text);
  return CheckHeader();
}

Status CsvReader::CheckHeader() const {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < header_.size(); ++i) {
    if (header_[i].empty()) return FailAt(1, fmt::format("column {} has no name", i + 1));
    if (header_[i].find('\r') != std::string::npos) {
      return FailAt(1, "lines end with CR alone", "save the file with LF or CRLF line ends");
    }
    if (!seen.insert(header_[i]).second) {
      return FailAt(1, fmt::format("two columns are named `{}`", EscapeControl(header_[i])));
    }
  }
  return {};
}

Result<bool> CsvReader::NextRow() {
  start_ += row_size_;
  consumed_ += static_cast<int64_t>(row_size_);
  line_ += row_lines_;
  row_size_ = 0;
  row_lines_ = 0;
  row_line_ = line_;
  for (;;) {
    if (start_ == end_ && at_end_) return false;
    SLUICE_ASSIGN(const Scan scan, start_ == end_ ? Result<Scan>(Scan::kNeedMore) : ScanRow());
    if (scan == Scan::kRow) break;
    if (static_cast<int64_t>(end_ - start_) > options_.max_row_bytes) {
      return FailAt(row_line_,
                    fmt::format("the row is longer than {} bytes", options_.max_row_bytes),
                    "a quote that is never closed makes one row of many");
    }
    SLUICE_TRY(Refill());
  }
  if (static_cast<int64_t>(row_size_) > options_.max_row_bytes) {
    return FailAt(row_line_,
                  fmt::format("the row is longer than {} bytes", options_.max_row_bytes));
  }
  SLUICE_TRY(CheckBytes({buffer_.data() + start_, row_size_}));
  TakeFields();
  return true;
}

Result<bool> CsvReader::Refill() {
  if (start_ > 0) {
    buffer_.erase(0, start_);
    end_ -= start_;
    start_ = 0;
  }
  buffer_.resize(std::max(kBufferBytes, end_ * 2));
  ssize_t got = 0;
  do {
    got = read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return FailAt(row_line_, fmt::format("cannot be read: {}", std::strerror(errno)));
  end_ += static_cast<size_t>(got);
  at_end_ = got == 0;
  return !at_end_;
}

Result<CsvReader::Scan> CsvReader::ScanRow() {
  spans_.clear();
  row_lines_ = 0;
  size_t at = start_;
  for (;;) {
    Scan scan{};
    if (at < end_ && buffer_[at] == '"') {
      SLUICE_ASSIGN(scan, ScanQuoted(at));
    } else {
      scan = ScanPlain(at);
    }
    if (scan == Scan::kNeedMore) return scan;
    SLUICE_ASSIGN(const bool row_ends, EndField(at));
    if (row_ends) break;
  }
  row_size_ = at - start_;
  return Scan::kRow;
}

Result<CsvReader::Scan> CsvReader::ScanQuoted(size_t& at) {
  const char* const data = buffer_.data();
  Span span{at + 1 - start_, 0, true, false};
  size_t from = at + 1;
  for (;;) {
    const void* const found = std::memchr(data + from, '"', end_ - from);
    if (found == nullptr) {
      if (!at_end_) return Scan::kNeedMore;
      return FailAt(row_line_ + row_lines_, "a quote is opened and never closed");
    }
    const auto quote = static_cast<size_t>(static_cast<const char*>(found) - data);
    // What follows the quote decides; a CR says nothing without the byte after it.
    if (quote + 2 >= end_ && !at_end_) return Scan::kNeedMore;
    if (quote + 1 < end_ && data[quote + 1] == '"') {
      span.escaped = true;
      from = quote + 2;
      continue;
    }
    span.end = quote - start_;
    row_lines_ += std::count(data + at, data + quote, '\n');
    spans_.push_back(span);
    at = quote + 1;
    return Scan::kRow;
  }
}

CsvReader::Scan CsvReader::ScanPlain(size_t& at) {
  const char* const data = buffer_.data();
  const char delimiter = options_.delimiter;
  size_t to = at;
  while (to < end_ && data[to] != delimiter && data[to] != '\n') ++to;
  if (to == end_ && !at_end_) return Scan::kNeedMore;
  const bool line_ends = to == end_ || data[to] == '\n';
  const bool has_cr = line_ends && to > at && data[to - 1] == '\r';
  spans_.push_back({at - start_, to - start_ - (has_cr ? 1 : 0), false, false});
  at = to;
  return Scan::kRow;
}

Result<bool> CsvReader::EndField(size_t& at) {
  if (at == end_) return true;
  if (buffer_[at] == options_.delimiter) {
    ++at;
    return false;
  }
  if (buffer_[at] == '\r' && (at + 1 == end_ || buffer_[at + 1] == '\n')) ++at;
  if (at == end_) return true;
  if (buffer_[at] != '\n') {
    return FailAt(row_line_ + row_lines_, "text follows a closing quote",
                  "a quote inside a quoted field is written twice");
  }
  ++at;
  ++row_lines_;
  return true;
}

Status CsvReader::CheckBytes(std::string_view bytes) const {
  if (bytes.find('\0') != std::string_view::npos) return FailAt(row_line_, "a NUL byte");
  if (!IsUtf8(bytes)) {
    return FailAt(row_line_, "bytes that are not UTF-8", "convert the file to UTF-8");
  }
  return {};
}

void CsvReader::TakeFields() {
  row_.clear();
  char* const row = buffer_.data() + start_;
  for (const Span& span : spans_) {
    const size_t size = span.end - span.begin;
    char* const text = row + span.begin;
    row_.push_back(
        {span.escaped ? Unescape(text, size) : std::string_view(text, size), span.quoted});
  }
}

std::unexpected<Error> CsvReader::FailAt(int64_t line, std::string_view what,
                                         std::string_view hint) const {
  return Fail(ErrorKind::kBadInput, fmt::format("{}:{}: {}", EscapeControl(name_), line, what),
              std::string(hint));
}

}  // namespace sluice
