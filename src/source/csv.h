#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "source/file_handle.h"

namespace sluice {

/// One field of a CSV row. A view into the reader's buffer.
struct CsvField {
  std::string_view text;
  bool quoted = false;
  /// An empty field without quotes is a missing value; `""` is an empty string.
  bool IsNull() const { return text.empty() && !quoted; }
};

struct CsvOptions {
  char delimiter = 0;  ///< 0: taken from the header line, out of `,` `;` tab and `|`
  int64_t max_row_bytes = 10 << 20;
};

/// Reads CSV (RFC 4180) row by row in bounded memory: a buffer that grows to the longest row. The
/// first row is the header. UTF-8 with or without a byte order mark, LF or CRLF. Blanks are kept;
/// a blank line is skipped, in a file of one column it is a missing value. A quote inside a field
/// that did not begin with one is a character like any other.
class CsvReader {
 public:
  /// Opens a file, `-` for stdin, and reads the header. FailsWith kBadInput when the file cannot
  /// be read or has no header, or one with empty or equal names.
  static Result<std::unique_ptr<CsvReader>> Open(const std::string& path, CsvOptions options = {});

  /// Steps to the next row; false at the end. FailsWith kBadInput and the line number on an
  /// unbalanced quote, a wrong number of columns, a NUL byte, bytes that are not UTF-8 or a row
  /// that is too long.
  Result<bool> Next();
  /// The current row: as many fields as the header has. Valid until Next.
  const std::vector<CsvField>& row() const { return row_; }
  /// The line, from 1, on which the current row begins.
  int64_t line() const { return row_line_; }
  const std::vector<std::string>& header() const { return header_; }
  char delimiter() const { return options_.delimiter; }
  /// Bytes of the rows so far, and of the file: 0 when it has no size (a pipe).
  int64_t bytes_read() const { return consumed_; }
  int64_t total_bytes() const { return total_bytes_; }

 private:
  enum class Scan { kRow, kNeedMore };
  /// Where a field lies, counted from the row's first byte: the buffer may move.
  struct Span {
    size_t begin, end;
    bool quoted, escaped;
  };

  CsvReader(std::string name, FileHandle file, CsvOptions options);

  Status ReadHeader();
  Status CheckHeader() const;
  Result<bool> NextRow();
  Result<bool> Refill();
  Result<Scan> ScanRow();
  Result<Scan> ScanQuoted(size_t& at);
  Scan ScanPlain(size_t& at);
  /// Steps over what ends a field; says whether it ended the row.
  Result<bool> EndField(size_t& at);
  Status CheckBytes(std::string_view bytes) const;
  void TakeFields();
  std::unexpected<Error> FailAt(int64_t line, std::string_view what,
                                std::string_view hint = {}) const;

  std::string name_;
  FileHandle file_;
  CsvOptions options_;
  std::vector<std::string> header_;
  std::vector<CsvField> row_;
  std::vector<Span> spans_;
  std::string buffer_;
  size_t start_ = 0;     // of the row, in the buffer
  size_t end_ = 0;       // of the bytes read
  size_t row_size_ = 0;  // with its line end
  bool at_end_ = false;
  int64_t line_ = 1;
  int64_t row_line_ = 1;
  int64_t row_lines_ = 0;
  int64_t consumed_ = 0;
  int64_t total_bytes_ = 0;
};

}  // namespace sluice
