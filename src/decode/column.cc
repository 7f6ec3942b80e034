#include "decode/column.h"

#include <algorithm>
#include <utility>

#include "stage/chunk.h"

namespace sluice::json {

Column::Column(const Field& field, const FieldPath* parent, FieldNames names)
    : type_(field.type),
      name_(field.name),
      path_{parent, name_},
      required_(field.required),
      names_(std::move(names)) {}

Result<std::unique_ptr<Column>> Column::Make(const Field& field, const FieldPath* parent,
                                             bool fold_case) {
  const bool list = field.type.kind == TypeKind::kList;
  SLUICE_ASSIGN(FieldNames names, FieldNames::Make(field.type.children, fold_case));
  std::unique_ptr<Column> column(new Column(field, parent, std::move(names)));
  column->has_lists_ = list;
  for (const Field& child : field.type.children) {
    SLUICE_ASSIGN(auto made, Make(child, column->path(), fold_case));
    if (list) made->path_.name = kElementPath;
    column->has_lists_ |= made->has_lists_;
    column->children_.push_back(std::move(made));
  }
  return column;
}

Result<std::unique_ptr<Column>> Column::MakeRow(const std::vector<Field>& fields, bool fold_case) {
  const Field row{"", {.kind = TypeKind::kStruct, .children = fields}};
  SLUICE_ASSIGN(auto column, Make(row, nullptr, fold_case));
  for (auto& child : column->children_) child->path_.parent = nullptr;
  return column;
}

void Column::Attach(duckdb_vector vector) {
  vector_ = vector;
  elements_ = committed_ = capacity_ = 0;
  Refresh();
  for (size_t i = 0; i < children_.size(); ++i) {
    children_[i]->Attach(kind() == TypeKind::kList ? duckdb_list_vector_get_child(vector_)
                                                   : duckdb_struct_vector_get_child(vector_, i));
  }
}

void Column::Refresh() {
  validity_ = duckdb_vector_get_validity(vector_);
  if (kind() != TypeKind::kStruct) {
    data_ = duckdb_vector_get_data(vector_);
    return;
  }
  for (auto& child : children_) child->Refresh();
}

void Column::Grow() {
  capacity_ = std::max(kChunkRows, 2 * capacity_);
  if (duckdb_list_vector_reserve(vector_, capacity_) != DuckDBSuccess) throw std::bad_alloc();
  children_.front()->Refresh();
}

void Column::MakeValidity() {
  duckdb_vector_ensure_validity_writable(vector_);
  validity_ = duckdb_vector_get_validity(vector_);
}

void Column::Undo(size_t row) {
  if (validity_ != nullptr) validity_[row / 64] |= uint64_t{1} << row % 64;
  if (kind() == TypeKind::kStruct) {
    for (auto& child : children_) child->Undo(row);
  } else if (kind() == TypeKind::kList) {
    for (size_t i = committed_; i < elements_; ++i) children_.front()->Undo(i);
    elements_ = committed_;
  }
}

void Column::Finish() {
  if (!has_lists_) return;
  if (kind() == TypeKind::kList) duckdb_list_vector_set_size(vector_, elements_);
  for (auto& child : children_) child->Finish();
}

}  // namespace sluice::json
