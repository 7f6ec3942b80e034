#include "decode/bronze_columns.h"

#include "core/text.h"
#include "decode/json_index.h"

namespace sluice::json {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

// Text columns hold UTF-8 without NUL, whatever a producer calls its headers.
std::string_view PrintableName(std::string_view name, Arena& arena) {
  const bool text = FirstNotUtf8(name) == name.size() && name.find('\0') == name.npos;
  return text ? name : arena.Copy(EscapeControl(name));
}

}  // namespace

template <typename Act>
void BronzeColumns::ForEach(Act act) {
  for (auto& column : declared_->children()) act(*column);
  for (auto* column : {&rest_, &headers_, &key_, &timestamp_, &log_, &partition_, &offset_}) {
    act(**column);
  }
}

Result<std::unique_ptr<BronzeColumns>> BronzeColumns::Make(const std::vector<Field>& declared,
                                                           bool fold_case) {
  std::unique_ptr<BronzeColumns> columns(new BronzeColumns());
  SLUICE_ASSIGN(columns->declared_, Column::MakeRow(declared, fold_case));
  const Schema schema = BronzeSchema(declared);
  size_t next = declared.size();
  for (auto* column : {&columns->rest_, &columns->headers_, &columns->key_, &columns->timestamp_,
                       &columns->log_, &columns->partition_, &columns->offset_}) {
    SLUICE_ASSIGN(*column, Column::Make(schema.fields.at(next++), nullptr, false));
  }
  columns->ForEach([&](Column& column) {
    if (column.has_lists()) columns->lists_.push_back(&column);
  });
  return columns;
}

void BronzeColumns::Attach(Chunk& chunk) {
  size_t next = 0;
  ForEach([&](Column& column) { column.Attach(chunk.column(next++)); });
}

void BronzeColumns::WriteHeaders(size_t row, const Record& record, Arena& arena) {
  if (record.headers.empty()) return headers_->SetNull(row);
  Column& header = *headers_->children().front();
  const size_t begin = headers_->elements();
  for (const RecordHeader& each : record.headers) {
    const size_t at = headers_->AddElement();
    header.children()[0]->Set(at, ToDuckString(PrintableName(each.key, arena)));
    Column& value = *header.children()[1];
    each.value ? value.Set(at, ToDuckString(*each.value)) : value.SetNull(at);
  }
  headers_->Set(row, duckdb_list_entry{begin, record.headers.size()});
}

void BronzeColumns::WriteLineage(size_t row, LogId log, const Record& record, Arena& arena) {
  WriteHeaders(row, record, arena);
  record.key ? key_->Set(row, ToDuckString(*record.key)) : key_->SetNull(row);
  record.timestamp_ms ? timestamp_->Set(row, *record.timestamp_ms * kMicrosPerMilli)
                      : timestamp_->SetNull(row);
  log_->Set(row, log.value);
  partition_->Set(row, record.partition.value);
  offset_->Set(row, record.offset.value);
}

void BronzeColumns::Commit() {
  for (Column* column : lists_) column->Commit();
}

void BronzeColumns::Undo(size_t row) {
  ForEach([row](Column& column) { column.Undo(row); });
}

void BronzeColumns::Finish(Chunk& chunk, size_t rows) {
  for (Column* column : lists_) column->Finish();
  chunk.SetRows(rows);
}

}  // namespace sluice::json
