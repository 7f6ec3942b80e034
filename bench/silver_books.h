#pragma once

#include <memory>
#include <stdexcept>

#include "bench/books.h"
#include "decode/json_decoder.h"
#include "transform/duck_transform.h"

namespace sluice {

inline constexpr const char* kSilver = R"sql(
  SELECT trim("Book") AS book_title, trim("Author(s)") AS authors,
         trim("Original language") AS original_language,
         "First published" AS first_published_year,
         "Approximate sales in millions" AS sales_millions,
         nullif(trim("Genre"), '') AS genre
  FROM raw.books WHERE trim("Book") <> '')sql";

inline void Check(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// One engine, the decoded books, and silver of them.
class SilverBooks {
 public:
  /// `and_where`: what WHERE asks besides.
  explicit SilverBooks(size_t records = kRecords, std::string_view and_where = "")
      : batch_(MakeBooks("", records)),
        bronze_(std::move(MakeJsonDecoder(spec()).value()->Decode(batch_)->rows)) {
    SilverSpec silver;
    silver.table = {"processed", "books"};
    silver.from = {"raw", "books"};
    silver.sql = fmt::format("{} {}", kSilver, and_where);
    auto made = MakeDuckTransform(*engine_, spec(), {silver});
    Check(made.has_value(), "silver's SQL does not compile");
    transform_ = *std::move(made);
  }
  static BronzeSpec spec() {
    BronzeSpec spec = BooksSpec();
    spec.table = {"raw", "books"};
    return spec;
  }
  Transform& transform() { return *transform_; }
  const RawBatch& raw() const { return batch_; }
  const Chunks& bronze() const { return bronze_; }
  Chunks Silver() { return std::move(transform_->Run(bronze_, *batch_.arena)->silver[0]); }
  Schema silver_schema() const { return SilverSchema(transform_->Columns(0)); }

 private:
  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  RawBatch batch_;
  Chunks bronze_;
  std::unique_ptr<Transform> transform_;
};

}  // namespace sluice
