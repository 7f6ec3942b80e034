#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec.h"
#include "decode/column.h"
#include "decode/json_walker.h"
#include "decode/scalar_reader.h"
#include "stage/record.h"

namespace sluice::json {

/// Reads the object of one record into the declared columns and `_rest`.
class RowReader {
 public:
  /// Options and walker outlive the reader. `zone` is that of times without one.
  RowReader(const DecodeOptions& options, std::optional<Zone> zone, JsonWalker& walker)
      : options_(options), walker_(walker), scalars_(options, std::move(zone), walker) {}

  /// Reads the record that the walker has begun. True: row `row` of all columns is written, its
  /// strings point into the record or into `arena`. False: the walker says why not, and part of
  /// the row may be written.
  bool ReadRecord(Column& declared, Column& rest, size_t row, Arena& arena);

 private:
  /// An undeclared field as written, without the blanks around its parts.
  struct RestField {
    std::string_view name;  // with its quotes
    std::string_view value;
  };
  /// An object being read into a struct's columns.
  struct Object {
    Column& column;
    size_t row;
    uint64_t number;  // of no other object
    size_t key_mark;
    const FieldPath* path;
    int previous = FieldNames::kNone;
    size_t fields = 0;
    size_t declared = 0;
  };

  bool ReadRoot(Column& declared, size_t row);
  bool ReadObject(Column& column, size_t row, const FieldPath* path);
  bool ReadField(Object& object, const Key& key);
  bool ReadDeclared(Object& object, const Key& key, int index);
  bool ReadUndeclared(const Object& object, const Key& key);
  bool ReadList(Column& column, size_t row);
  bool ReadValue(Column& column, size_t row);
  void FillMissing(Object& object, size_t position);
  void KeepInRest(const Key& key, size_t value_begin);
  void WriteRest(Column& rest, size_t row, Arena& arena);
  void AppendEdited(std::string_view raw);

  const DecodeOptions& options_;
  JsonWalker& walker_;
  ScalarReader scalars_;
  uint64_t objects_ = 0;
  bool lost_within_ = false;  // an undeclared field was met below the top level
  std::vector<RestField> rest_;
  std::string rest_text_;
  size_t next_edit_ = 0;
};

}  // namespace sluice::json
