#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "source/csv.h"
#include "source/csv_json.h"
#include "source/produce.h"
#include "source/record_feed.h"

namespace sluice {

/// The records that a CSV file becomes, one JSON object a row, the file as often as asked.
class CsvFeed : public RecordFeed {
 public:
  /// Opens the file. A regular one is read through first: its column types are guessed from all
  /// rows, and FailsWith kBadInput here when it is broken. Of a pipe the first rows are held back
  /// for the guess, unless all its columns are declared. FailsWith kUsage when the key column is
  /// not in the header or a pipe should be repeated, kShutdown when asked to stop.
  static Result<std::unique_ptr<RecordFeed>> Open(const ProduceOptions& options,
                                                  const std::stop_token& stop);

  Result<bool> Next() override;
  int64_t bytes_read() const override { return passed_bytes_ + reader_->bytes_read(); }
  int64_t total_bytes() const override { return reader_->total_bytes() * options_.repeat; }

 private:
  /// A row that outlives the reader's buffer.
  struct HeldField {
    std::string text;
    bool quoted;
  };
  using HeldRow = std::vector<HeldField>;

  explicit CsvFeed(const ProduceOptions& options) : options_(options) {}
  Status OpenReader();
  Status FindKey();
  Result<std::vector<Field>> Types(const std::stop_token& stop);
  Result<std::vector<Field>> GuessAll(const std::stop_token& stop);
  Result<std::vector<Field>> GuessHead();
  void Take(const std::vector<CsvField>& row);

  ProduceOptions options_;
  std::unique_ptr<CsvReader> reader_;
  std::unique_ptr<CsvJson> json_;
  std::deque<HeldRow> held_;
  std::optional<size_t> key_column_;
  int64_t passes_ = 1;
  int64_t passed_bytes_ = 0;
};

}  // namespace sluice
