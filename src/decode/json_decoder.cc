#include "decode/json_decoder.h"

#include <fmt/format.h>

#include <exception>
#include <optional>
#include <utility>

#include "core/text.h"
#include "decode/bronze_columns.h"
#include "decode/json_index.h"
#include "decode/json_walker.h"
#include "decode/moment.h"
#include "decode/row_reader.h"
#include "stage/time_judge.h"

namespace sluice {
namespace json {
namespace {

constexpr size_t kMaxHeaders = 1000;
constexpr size_t kMaxHeaderBytes = 1 << 20;
constexpr size_t kMaxDetailBytes = 1024;
constexpr int64_t kMaxMessageBytes = int64_t{1} << 30;
constexpr size_t kConfluentPrefixBytes = 5;

// Confluent's framing: a zero byte, then the schema's number, most significant byte first.
Fault WireFormatFault(std::string_view value) {
  uint32_t schema = 0;
  for (const char c : value.substr(1, kConfluentPrefixBytes - 1)) {
    schema = schema << 8 | static_cast<uint8_t>(c);
  }
  return {"unexpected_wire_format", 0, "",
          fmt::format("framed for a schema registry (magic byte 0, schema {}), while the format is "
                      "plain json: set the producer's serializer to plain JSON",
                      schema)};
}

std::optional<Fault> CheckHeaders(const Record& record) {
  size_t bytes = 0;
  for (const auto& header : record.headers) {
    bytes += header.key.size() + (header.value ? header.value->size() : 0);
  }
  if (record.headers.size() <= kMaxHeaders && bytes <= kMaxHeaderBytes) return std::nullopt;
  return Fault{"headers_too_large", 0, "_headers",
               fmt::format("{} headers of {} bytes; at most {} and {}", record.headers.size(),
                           bytes, kMaxHeaders, kMaxHeaderBytes)};
}

// What is wrong with a message before its JSON is looked at.
std::optional<Fault> CheckMessage(const Record& record, const DecodeOptions& options) {
  const std::string_view value = *record.value;
  if (value.empty()) return Fault{"empty_value", 0, "", "a value of zero bytes"};
  if (value.size() > static_cast<size_t>(options.max_message_bytes)) {
    return Fault{
        "message_too_large", 0, "",
        fmt::format("{} bytes; max_message_bytes is {}", value.size(), options.max_message_bytes)};
  }
  if (value[0] == '\0' && value.size() >= kConfluentPrefixBytes) return WireFormatFault(value);
  if (!record.headers.empty()) {
    if (auto fault = CheckHeaders(record)) return fault;
  }
  if (record.key && record.key->size() > static_cast<size_t>(options.max_field_bytes)) {
    return Fault{"field_too_large", 0, "_key",
                 fmt::format("{} bytes; max_field_bytes is {}", record.key->size(),
                             options.max_field_bytes)};
  }
  if (record.timestamp_ms && *record.timestamp_ms > (kLastDay + 1) * 86'400'000 - 1) {
    return Fault{
        "timestamp_out_of_range", 0, "_timestamp",
        fmt::format("Kafka's timestamp is past the year 9999: {} ms", *record.timestamp_ms)};
  }
  return std::nullopt;
}

Fault IndexFault(JsonIndex::Outcome outcome, size_t position, std::string_view text) {
  if (outcome == JsonIndex::Outcome::kBlank) return {"empty_value", 0, "", "a value of blanks"};
  return {"invalid_utf8", position, "",
          fmt::format("no UTF-8 at byte {}: {}", position, Snippet(text, position))};
}

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const BronzeSpec& spec, JsonIndex index, std::optional<Zone> zone,
              std::unique_ptr<BronzeColumns> columns)
      : options_(spec.decode),
        schema_(BronzeSchema(spec.columns)),
        judge_(spec.table.Full(), spec.time_window, WindowedColumns(spec.partition_by),
               spec.columns),
        index_(std::move(index)),
        walker_(options_),
        reader_(options_, std::move(zone), walker_),
        columns_(std::move(columns)) {}

  Result<Decoded> Decode(const RawBatch& batch) override try {
    Decoded decoded;
    for (const Record& record : batch.records) DecodeRecord(batch, record, decoded);
    FinishChunk(decoded);
    return decoded;
  } catch (const std::exception& error) {
    chunk_.reset();
    return Fail(ErrorKind::kFatal, fmt::format("the JSON decoder gave up: {}", error.what()),
                "a smaller source.max_batch_bytes needs less memory");
  }

 private:
  void DecodeRecord(const RawBatch& batch, const Record& record, Decoded& decoded) {
    const RecordId id{record.partition, record.offset};
    if (!record.value) {
      decoded.skipped.push_back(id);
      return;
    }
    if (auto fault = CheckMessage(record, options_)) return Reject(id, *fault, decoded);
    const auto outcome = index_.Build(*record.value);
    if (outcome == JsonIndex::Outcome::kBlank || outcome == JsonIndex::Outcome::kNotUtf8) {
      return Reject(id, IndexFault(outcome, index_.fault_position(), *record.value), decoded);
    }
    if (!chunk_) BeginChunk();
    walker_.Start(index_, outcome, *record.value);
    if (!reader_.ReadRecord(columns_->declared(), columns_->rest(), rows_, *batch.arena)) {
      columns_->Undo(rows_);
      return Reject(id, walker_.fault(), decoded);
    }
    columns_->WriteLineage(rows_, batch.log, record, *batch.arena);
    const size_t rejects = decoded.rejects.size();
    judge_.Judge(*chunk_, rows_, rows_ + 1, decoded.rejects);
    if (decoded.rejects.size() > rejects) return columns_->Undo(rows_);
    columns_->Commit();
    decoded.nan_as_null += walker_.nan_as_null();
    if (++rows_ == kChunkRows) FinishChunk(decoded);
  }

  static void Reject(RecordId id, const Fault& fault, Decoded& decoded) {
    decoded.rejects.push_back({id, std::string(fault.reason),
                               std::string(CutUtf8(fault.field, kMaxDetailBytes)),
                               std::string(CutUtf8(fault.detail, kMaxDetailBytes))});
  }

  void BeginChunk() {
    chunk_ = Chunk::Make(schema_);
    rows_ = 0;
    columns_->Attach(*chunk_);
  }

  void FinishChunk(Decoded& decoded) {
    if (!chunk_) return;
    columns_->Finish(*chunk_, rows_);
    if (rows_ > 0) decoded.rows.push_back(*std::move(chunk_));
    chunk_.reset();
  }

  const DecodeOptions options_;
  const Schema schema_;
  const TimeJudge judge_;
  JsonIndex index_;
  JsonWalker walker_;
  RowReader reader_;
  std::unique_ptr<BronzeColumns> columns_;
  std::optional<Chunk> chunk_;  // the one being written
  size_t rows_ = 0;
};

Status CheckOptions(const DecodeOptions& options) {
  const std::string& unit = options.timestamp_unit;
  if (!unit.empty() && unit != "s" && unit != "ms" && unit != "us") {
    return Fail(ErrorKind::kInvalidConfig, fmt::format("unknown timestamp_unit `{}`", unit),
                "decode.timestamp_unit is s, ms or us");
  }
  if (options.max_message_bytes < 1 || options.max_message_bytes > kMaxMessageBytes ||
      options.max_field_bytes < 1 || options.max_fields < 1 || options.max_depth < 1 ||
      options.max_field_name_bytes < 1) {
    return Fail(
        ErrorKind::kInvalidConfig, "a limit of decode is out of range",
        fmt::format("limits are 1 or more, max_message_bytes at most {}", kMaxMessageBytes));
  }
  return {};
}

}  // namespace
}  // namespace json

Result<std::unique_ptr<Decoder>> MakeJsonDecoder(const BronzeSpec& spec) {
  SLUICE_TRY(json::CheckOptions(spec.decode));
  SLUICE_ASSIGN(auto index,
                json::JsonIndex::Make(static_cast<size_t>(spec.decode.max_message_bytes)));
  std::optional<json::Zone> zone;
  if (!spec.decode.timestamp_zone.empty()) {
    SLUICE_ASSIGN(zone, json::Zone::Make(spec.decode.timestamp_zone));
  }
  SLUICE_ASSIGN(auto columns,
                json::BronzeColumns::Make(spec.columns, spec.decode.case_insensitive));
  return std::unique_ptr<Decoder>(
      new json::JsonDecoder(spec, std::move(index), std::move(zone), std::move(columns)));
}

}  // namespace sluice
