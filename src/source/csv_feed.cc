#include "source/csv_feed.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "source/csv_types.h"

namespace sluice {
namespace {

constexpr size_t kHeldRows = 100;
constexpr int64_t kRowsBetweenStops = 10'000;

bool DeclaresAll(const std::vector<Field>& declared, const std::vector<std::string>& header) {
  return std::ranges::all_of(header, [&](const std::string& name) {
    return std::ranges::find(declared, name, &Field::name) != declared.end();
  });
}

void Override(std::vector<Field>& guessed, const std::vector<Field>& declared) {
  for (Field& field : guessed) {
    const auto found = std::ranges::find(declared, field.name, &Field::name);
    if (found != declared.end()) field.type = found->type;
  }
}

}  // namespace

Result<std::unique_ptr<RecordFeed>> CsvFeed::Open(const ProduceOptions& options,
                                                  const std::stop_token& stop) {
  std::unique_ptr<CsvFeed> feed(new CsvFeed(options));
  SLUICE_TRY(feed->OpenReader());
  if (feed->reader_->total_bytes() == 0 && options.repeat > 1) {
    return Fail(ErrorKind::kUsage, "--repeat needs a file: a pipe can be read once only");
  }
  SLUICE_TRY(feed->FindKey());
  SLUICE_ASSIGN(auto types, feed->Types(stop));
  Override(types, options.declared);
  feed->json_ = std::make_unique<CsvJson>(types);
  return feed;
}

Result<bool> CsvFeed::Next() {
  if (!held_.empty()) {
    const HeldRow row = std::move(held_.front());
    held_.pop_front();
    std::vector<CsvField> fields;
    for (const auto& [text, quoted] : row) fields.push_back({text, quoted});
    Take(fields);
    return true;
  }
  for (;;) {
    SLUICE_ASSIGN(const bool found, reader_->Next());
    if (found) break;
    if (passes_ >= options_.repeat) return false;
    ++passes_;
    passed_bytes_ += reader_->bytes_read();
    SLUICE_TRY(OpenReader());
  }
  Take(reader_->row());
  return true;
}

Status CsvFeed::OpenReader() {
  SLUICE_ASSIGN(reader_, CsvReader::Open(options_.csv, {.delimiter = options_.delimiter}));
  return {};
}

Status CsvFeed::FindKey() {
  if (options_.key.empty()) return {};
  const auto& header = reader_->header();
  const auto found = std::ranges::find(header, options_.key);
  if (found == header.end()) {
    const std::string nearest = Nearest(options_.key, header);
    return Fail(ErrorKind::kUsage,
                fmt::format("--key names no column of the file: `{}`", options_.key),
                nearest.empty() ? "the columns are: " + Join(header, ", ")
                                : fmt::format("did you mean `{}`?", nearest));
  }
  key_column_ = static_cast<size_t>(found - header.begin());
  return {};
}

Result<std::vector<Field>> CsvFeed::Types(const std::stop_token& stop) {
  if (reader_->total_bytes() > 0) return GuessAll(stop);
  if (!DeclaresAll(options_.declared, reader_->header())) return GuessHead();
  return CsvTypes(reader_->header().size()).Guess(reader_->header());
}

Result<std::vector<Field>> CsvFeed::GuessAll(const std::stop_token& stop) {
  CsvTypes types(reader_->header().size());
  for (int64_t rows = 0;; ++rows) {
    if (rows % kRowsBetweenStops == 0 && stop.stop_requested()) {
      return Fail(ErrorKind::kShutdown, "stopped while the file was checked; nothing was sent");
    }
    SLUICE_ASSIGN(const bool found, reader_->Next());
    if (!found) break;
    types.Add(reader_->row());
  }
  SLUICE_TRY(OpenReader());
  return types.Guess(reader_->header());
}

Result<std::vector<Field>> CsvFeed::GuessHead() {
  CsvTypes types(reader_->header().size());
  while (held_.size() < kHeldRows) {
    SLUICE_ASSIGN(const bool found, reader_->Next());
    if (!found) break;
    types.Add(reader_->row());
    HeldRow& held = held_.emplace_back();
    for (const auto& [text, quoted] : reader_->row()) held.push_back({std::string(text), quoted});
  }
  return types.Guess(reader_->header());
}

void CsvFeed::Take(const std::vector<CsvField>& row) {
  value_.clear();
  json_->Append(row, value_);
  key_.reset();
  if (key_column_ && !row[*key_column_].IsNull()) key_ = std::string(row[*key_column_].text);
}

}  // namespace sluice
