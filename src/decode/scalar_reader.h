#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/spec.h"
#include "decode/column.h"
#include "decode/json_walker.h"
#include "decode/zone.h"
#include "stage/record.h"

namespace sluice::json {

/// Reads one value into a column: scalars, NULLs, and all that is not what the column takes.
/// Returns false when the walker met a fault of grammar; faults of meaning are noted there.
class ScalarReader {
 public:
  /// Options and walker outlive the reader.
  ScalarReader(const DecodeOptions& options, std::optional<Zone> zone, JsonWalker& walker)
      : options_(options), zone_(std::move(zone)), walker_(walker) {}

  /// Strings that cannot stay where they are go to `arena` from now on.
  void UseArena(Arena& arena) { arena_ = &arena; }

  /// Reads into a column that is no struct and no list, or whose value is no object and no list.
  [[gnu::always_inline]] bool Read(Column& column, size_t row) {
    if (column.kind() != TypeKind::kString || walker_.Peek() != '"' || walker_.has_escapes()) {
      return ReadAny(column, row);
    }
    const size_t position = walker_.position();
    SetBytes(column, row, {walker_.TakeString()}, position);
    return true;
  }

 private:
  /// A string's text; `lasting` when it points into the record.
  struct Text {
    std::string_view bytes;
    bool lasting = true;
  };
  bool ReadAny(Column& column, size_t row);
  bool TakeText(Text* text);
  bool ReadString(Column& column, size_t row);
  bool ReadBinary(Column& column, size_t row);
  bool ReadNumber(Column& column, size_t row);
  bool ReadMoment(Column& column, size_t row);
  bool ReadEpoch(Column& column, size_t row);
  bool ReadOther(Column& column, size_t row);
  bool ReadSpecial(Column& column, size_t row, JsonWalker::Special special, size_t position);
  bool ReadQuoted(Column& column, size_t row);
  bool ReadBare(Column& column, size_t row);
  bool ReadMismatch(const Column& column);

  void SetBytes(Column& column, size_t row, const Text& text, size_t position) {
    if (text.bytes.size() > static_cast<size_t>(options_.max_field_bytes)) {
      return RefuseSize(text.bytes.size(), position);
    }
    const bool stays = text.lasting || text.bytes.size() <= kInlinedBytes;
    column.Set(row, ToDuckString(stays ? text.bytes : arena_->Copy(text.bytes)));
  }
  void MakeRoom(size_t bytes) {
    if (scratch_.size() < bytes + kInlinedBytes) scratch_.resize(bytes + kInlinedBytes);
  }
  void RefuseSize(size_t bytes, size_t position);
  void SetNumber(Column& column, size_t row, const Number& number, size_t position);
  void SetNull(Column& column, size_t row, size_t position);
  void RefuseMismatch(const Column& column, size_t position);

  const DecodeOptions& options_;
  std::optional<Zone> zone_;  // of times without one
  JsonWalker& walker_;
  Arena* arena_ = nullptr;
  std::string scratch_;
};

}  // namespace sluice::json
