#include "decode/row_reader.h"

namespace sluice::json {

using Step = JsonWalker::Step;

// The three functions that run for each field are part of ReadObject's loop: called, they would
// take as long as what they do.

[[gnu::always_inline]] inline bool RowReader::ReadValue(Column& column, size_t row) {
  if (walker_.refused()) return walker_.SkipValue();
  walker_.SetField(column.path());
  if (column.kind() == TypeKind::kStruct && walker_.Peek() == '{') {
    return ReadObject(column, row, column.path());
  }
  if (column.kind() == TypeKind::kList && walker_.Peek() == '[') return ReadList(column, row);
  return scalars_.Read(column, row);
}

[[gnu::always_inline]] inline bool RowReader::ReadDeclared(Object& object, const Key& key,
                                                           int index) {
  Column& child = *object.column.children()[static_cast<size_t>(index)];
  object.previous = index;
  if (!child.MarkSeen(object.number, key.name)) {
    walker_.SetField(child.path());
    const bool same = child.spelled() == key.name;
    walker_.Refuse(same ? "duplicate_key" : "ambiguous_field", key.position,
                   "the field {} is there again at byte {}", Snippet(key.name, 0), key.position);
    return walker_.SkipValue();
  }
  ++object.declared;
  if (object.path != nullptr) return ReadValue(child, object.row);
  const size_t value_begin = walker_.position();
  lost_within_ = false;
  if (!ReadValue(child, object.row)) return false;
  if (lost_within_) KeepInRest(key, value_begin);
  return true;
}

[[gnu::always_inline]] inline bool RowReader::ReadField(Object& object, const Key& key) {
  if (!walker_.CheckFieldCount(++object.fields, key)) return false;
  const int index = object.column.names().Find(key.name, object.previous);
  return index == FieldNames::kNone ? ReadUndeclared(object, key)
                                    : ReadDeclared(object, key, index);
}

bool RowReader::ReadRecord(Column& declared, Column& rest, size_t row, Arena& arena) {
  rest_.clear();
  scalars_.UseArena(arena);
  if (!ReadRoot(declared, row) || !walker_.Finish()) return false;
  if (!walker_.refused()) WriteRest(rest, row, arena);
  return !walker_.refused();
}

bool RowReader::ReadRoot(Column& declared, size_t row) {
  if (walker_.Peek() == '{') return ReadObject(declared, row, nullptr);
  const size_t position = walker_.position();
  walker_.Refuse("not_an_object", position, "a record must be an object, found {}",
                 Snippet(walker_.text(), position));
  return walker_.SkipValue();
}

bool RowReader::ReadObject(Column& column, size_t row, const FieldPath* path) {
  Object object{column, row, ++objects_, walker_.KeyMark(), path};
  if (!walker_.Enter()) return false;
  for (bool first = true;; first = false) {
    const size_t position = walker_.position();
    walker_.SetField(path);
    Key key;
    const Step step = walker_.NextKey(first, &key);
    if (step == Step::kBroken) return false;
    if (step == Step::kEnd) {
      walker_.CloseKeys(object.key_mark);
      if (object.declared < column.children().size()) FillMissing(object, position);
      return true;
    }
    if (!ReadField(object, key)) return false;
  }
}

bool RowReader::ReadUndeclared(const Object& object, const Key& key) {
  const FieldPath path{object.path, key.name};
  walker_.SetField(&path);
  walker_.NoteKey(key);
  if (options_.unknown_fields == UnknownFields::kQuarantine) {
    walker_.Refuse("unknown_field", key.position, "a field that is not declared at byte {}",
                   key.position);
  }
  const size_t value_begin = walker_.position();
  if (!walker_.SkipValue()) return false;
  walker_.SetField(object.path);
  lost_within_ = true;
  if (object.path == nullptr) KeepInRest(key, value_begin);
  return true;
}

void RowReader::FillMissing(Object& object, size_t position) {
  for (auto& child : object.column.children()) {
    if (child->SeenIn(object.number)) continue;
    if (child->required()) {
      walker_.SetField(child->path());
      walker_.Refuse("missing_required", position,
                     "a required field is not in the object that "
                     "ends at byte {}",
                     position);
    } else {
      child->SetNull(object.row);
    }
  }
}

bool RowReader::ReadList(Column& column, size_t row) {
  Column& element = *column.children().front();
  const size_t begin = column.elements();
  if (!walker_.Enter()) return false;
  for (bool first = true;; first = false) {
    const Step step = walker_.NextElement(first);
    if (step == Step::kBroken) return false;
    if (step == Step::kEnd) break;
    if (!ReadValue(element, walker_.refused() ? 0 : column.AddElement())) return false;
  }
  column.Set(row, duckdb_list_entry{begin, column.elements() - begin});
  return true;
}

void RowReader::KeepInRest(const Key& key, size_t value_begin) {
  const std::string_view text = walker_.text();
  size_t name_end = value_begin;
  while (text[name_end - 1] != '"') --name_end;
  rest_.push_back({text.substr(key.position, name_end - key.position),
                   text.substr(value_begin, walker_.EndOfTaken() - value_begin)});
}

void RowReader::WriteRest(Column& rest, size_t row, Arena& arena) {
  if (rest_.empty()) return rest.SetNull(row);
  rest_text_.clear();
  next_edit_ = 0;
  for (const RestField& field : rest_) {
    rest_text_ += rest_text_.empty() ? '{' : ',';
    AppendEdited(field.name);
    rest_text_ += ':';
    AppendEdited(field.value);
  }
  rest_text_ += '}';
  if (rest_text_.size() > static_cast<size_t>(options_.max_field_bytes)) {
    walker_.SetField(rest.path());
    return walker_.Refuse("field_too_large", 0,
                          "undeclared fields of {} bytes; max_field_bytes is {}", rest_text_.size(),
                          options_.max_field_bytes);
  }
  rest.Set(row, ToDuckString(rest_text_.size() <= kInlinedBytes ? std::string_view(rest_text_)
                                                                : arena.Copy(rest_text_)));
}

// Appends text of the record with the walker's edits made.
void RowReader::AppendEdited(std::string_view raw) {
  const auto& edits = walker_.edits();
  const auto begin = static_cast<size_t>(raw.data() - walker_.text().data());
  size_t done = 0;
  for (; next_edit_ < edits.size(); ++next_edit_) {
    const Edit& edit = edits[next_edit_];
    if (edit.position < begin) continue;
    if (edit.position >= begin + raw.size()) break;
    rest_text_.append(raw, done, edit.position - begin - done);
    rest_text_ += edit.replacement;
    done = edit.position - begin + edit.size;
  }
  rest_text_.append(raw, done);
}

}  // namespace sluice::json
