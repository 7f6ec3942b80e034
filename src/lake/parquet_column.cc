#include "lake/parquet_column.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "lake/parquet_rle.h"
#include "lake/parquet_scan.h"
#include "lake/thrift_writer.h"

namespace sluice {
namespace {

// Rows between two looks at the page's size.
constexpr size_t kFixedSlice = kChunkRows;
constexpr size_t kTextSlice = 256;
// Sizes of pages are 32-bit numbers.
constexpr size_t kMaxSliceBytes = 1 << 30;

bool TriesDictionary(const ParquetLeaf& leaf) {
  return leaf.physical != PhysicalType::kBoolean && leaf.physical != PhysicalType::kFixedBytes;
}

size_t TextBytes(const LeafSlots& slots) {
  const auto* texts = DataOf<duckdb_string_t>(slots.leaf);
  size_t bytes = 0;
  for (const uint32_t row : slots.present) bytes += texts[row].value.inlined.length;
  return bytes;
}

template <typename Physical, typename Stored, typename Take>
void VisitAs(const LeafSlots& slots, Take take) {
  const auto* data = DataOf<Stored>(slots.leaf);
  for (const uint32_t row : slots.present) {
    const Physical value = data[row];
    take(std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
  }
}

// Bytes of a value that DuckDB stores as Parquet does; 0 where they differ.
size_t StoredWidth(const ParquetLeaf& leaf) {
  switch (leaf.physical) {
    case PhysicalType::kInt64:
    case PhysicalType::kDouble:
      return 8;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat:
      return leaf.type.kind == TypeKind::kDecimal && leaf.type.precision <= 4 ? 0 : 4;
    default:
      return 0;
  }
}

// Decimals of more than 18 digits: big-endian, as few bytes as the precision needs.
template <typename Take>
void VisitHuge(const LeafSlots& slots, size_t bytes, Take take) {
  const auto* data = DataOf<duckdb_hugeint>(slots.leaf);
  for (const uint32_t row : slots.present) {
    std::array<char, 16> value;
    const auto high = __builtin_bswap64(static_cast<uint64_t>(data[row].upper));
    const auto low = __builtin_bswap64(data[row].lower);
    std::memcpy(value.data(), &high, 8);
    std::memcpy(value.data() + 8, &low, 8);
    take(std::string_view(value.data() + 16 - bytes, bytes));
  }
}

// Calls take(bytes) for each value that is there, in the form that Parquet's PLAIN encoding has.
template <typename Take>
void VisitValues(const ParquetLeaf& leaf, const LeafSlots& slots, Take take) {
  switch (leaf.physical) {
    case PhysicalType::kByteArray: {
      const auto* texts = DataOf<duckdb_string_t>(slots.leaf);
      for (const uint32_t row : slots.present) take(ViewOf(texts[row]));
      return;
    }
    case PhysicalType::kFixedBytes:
      return VisitHuge(slots, static_cast<size_t>(leaf.fixed_bytes), take);
    case PhysicalType::kInt64:
    case PhysicalType::kDouble:
      return VisitAs<int64_t, int64_t>(slots, take);
    default:
      return StoredWidth(leaf) == 0 ? VisitAs<int32_t, int16_t>(slots, take)
                                    : VisitAs<int32_t, int32_t>(slots, take);
  }
}

void AppendTexts(const LeafSlots& slots, ByteBuffer& to) {
  const auto* texts = DataOf<duckdb_string_t>(slots.leaf);
  char* out = to.Extend(TextBytes(slots) + slots.present.size() * sizeof(uint32_t));
  for (const uint32_t row : slots.present) {
    const std::string_view text = ViewOf(texts[row]);
    const auto length = static_cast<uint32_t>(text.size());
    std::memcpy(out, &length, sizeof length);
    std::memcpy(out + sizeof length, text.data(), length);
    out += sizeof length + length;
  }
}

void AppendWithLength(const ByteBuffer& levels, ByteBuffer& to) {
  const auto length = static_cast<uint32_t>(levels.size());
  to.Append(&length, sizeof length);
  to.Append(levels.view());
}

}  // namespace

ParquetColumn::ParquetColumn(ParquetLeaf leaf, size_t page_bytes)
    : leaf_(std::move(leaf)),
      page_bytes_(page_bytes),
      slice_rows_(leaf_.physical == PhysicalType::kByteArray || leaf_.max_repetition > 0
                      ? kTextSlice
                      : kFixedSlice),
      uses_dictionary_(TriesDictionary(leaf_)),
      dictionary_(leaf_.physical == PhysicalType::kByteArray) {}

Status ParquetColumn::Append(duckdb_vector top, size_t rows, PagePress& press) {
  for (size_t from = 0; from < rows;) {
    size_t slice = std::min(slice_rows_, rows - from);
    FindSlots(leaf_, top, from, from + slice, slots_);
    if (leaf_.physical == PhysicalType::kByteArray && slice > 1 &&
        TextBytes(slots_) > page_bytes_) {
      slice = 1;
      FindSlots(leaf_, top, from, from + slice, slots_);
    }
    SLUICE_TRY(AppendSlots(press));
    from += slice;
  }
  return {};
}

Status ParquetColumn::AppendSlots(PagePress& press) {
  if (leaf_.physical == PhysicalType::kByteArray && TextBytes(slots_) > kMaxSliceBytes) {
    return Fail(
        ErrorKind::kInvariant,
        fmt::format("a value of over 1 GiB reached the lake in column `{}`", leaf_.path.front()));
  }
  TakeLevels();
  TakeValues();
  if (uses_dictionary_ && IsDictionaryWorthless()) {
    EndPage(press);
    uses_dictionary_ = false;
  } else if (plain_.size() >= page_bytes_ || page_values_ >= kPageValues) {
    EndPage(press);
  }
  return {};
}

void ParquetColumn::TakeLevels() {
  if (!slots_.definitions.empty() || !definitions_.empty()) {
    // So far, or here, all were there.
    definitions_.resize(page_values_, leaf_.max_definition);
    definitions_.insert(definitions_.end(), slots_.definitions.begin(), slots_.definitions.end());
    definitions_.resize(page_values_ + slots_.count, leaf_.max_definition);
  }
  repetitions_.insert(repetitions_.end(), slots_.repetitions.begin(), slots_.repetitions.end());
  page_values_ += slots_.count;
  chunk_.values += static_cast<int64_t>(slots_.count);
  chunk_.nulls += static_cast<int64_t>(slots_.count - slots_.present.size());
}

void ParquetColumn::TakeValues() {
  if (slots_.present.empty()) return;
  if (!uses_dictionary_) return AppendPlain();
  const size_t before = numbers_.size();
  numbers_.resize(before + slots_.present.size());
  VisitValues(leaf_, slots_, [this, number = numbers_.data() + before](auto value) mutable {
    *number++ = dictionary_.NumberOf(value);
  });
}

void ParquetColumn::AppendPlain() {
  if (leaf_.physical == PhysicalType::kByteArray) return AppendTexts(slots_, plain_);
  if (leaf_.physical != PhysicalType::kBoolean) {
    if (const size_t width = StoredWidth(leaf_); width > 0 && slots_.IsDense()) {
      const char* data = DataOf<char>(slots_.leaf) + width * slots_.present.front();
      return plain_.Append(data, width * slots_.present.size());
    }
    return VisitValues(leaf_, slots_, [this](std::string_view value) { plain_.Append(value); });
  }
  const auto* data = DataOf<bool>(slots_.leaf);
  for (const uint32_t row : slots_.present) {
    bits_ = static_cast<uint8_t>(bits_ | (data[row] ? 1 : 0) << held_bits_);
    if (++held_bits_ < 8) continue;
    plain_.AppendByte(bits_);
    bits_ = 0;
    held_bits_ = 0;
  }
}

bool ParquetColumn::IsDictionaryWorthless() const {
  constexpr int64_t kEnoughToTell = 1'024;
  const int64_t used = chunk_.values - chunk_.nulls;
  return dictionary_.size() > kMaxDictionary || dictionary_.plain().size() > page_bytes_ ||
         (used >= kEnoughToTell && 2 * int64_t{dictionary_.size()} > used);
}

void ParquetColumn::EndPage(PagePress& press) {
  if (page_values_ == 0) return;
  press.page.Clear();
  AppendLevels(press);
  if (held_bits_ > 0) plain_.AppendByte(bits_);
  const bool is_numbers = !numbers_.empty();
  if (is_numbers) {
    const uint32_t width = BitWidth(dictionary_.size() - 1);
    press.page.AppendByte(static_cast<uint8_t>(width));
    AppendHybrid<uint32_t>(numbers_, width, press.page);
  } else {
    press.page.Append(plain_.view());
    chunk_.has_plain = true;
  }
  PackPage(false, is_numbers ? Encoding::kRleDictionary : Encoding::kPlain, page_values_, press,
           pages_);
  page_values_ = 0;
  definitions_.clear();
  repetitions_.clear();
  numbers_.clear();
  plain_.Clear();
  bits_ = 0;
  held_bits_ = 0;
}

void ParquetColumn::AppendLevels(PagePress& press) {
  if (leaf_.max_repetition > 0) {
    press.levels.Clear();
    AppendHybrid<uint8_t>(repetitions_, BitWidth(leaf_.max_repetition), press.levels);
    AppendWithLength(press.levels, press.page);
  }
  press.levels.Clear();
  const uint32_t width = BitWidth(leaf_.max_definition);
  if (definitions_.empty()) {
    AppendRun(leaf_.max_definition, page_values_, width, press.levels);
  } else {
    AppendHybrid<uint8_t>(definitions_, width, press.levels);
  }
  AppendWithLength(press.levels, press.page);
}

void ParquetColumn::EndDictionary(PagePress& press) {
  if (dictionary_.size() == 0) return;
  press.page.Clear();
  press.page.Append(dictionary_.plain().view());
  PackPage(true, Encoding::kPlain, dictionary_.size(), press, dictionary_page_);
  chunk_.dictionary_bytes = static_cast<int64_t>(dictionary_page_.size());
}

// PageHeader and the packed bytes of press.page.
void ParquetColumn::PackPage(bool is_dictionary, Encoding encoding, size_t values, PagePress& press,
                             ByteBuffer& to) {
  constexpr int16_t kDataHeader = 5, kDictionaryHeader = 7;
  press.packed.Clear();
  press.zstd.Append(press.page.view(), press.packed);
  const size_t before = to.size();
  ThriftWriter header(to);
  header.I32(1, is_dictionary ? 2 : 0);
  header.I32(2, static_cast<int32_t>(press.page.size()));
  header.I32(3, static_cast<int32_t>(press.packed.size()));
  header.Begin(is_dictionary ? kDictionaryHeader : kDataHeader);
  header.I32(1, static_cast<int32_t>(values));
  header.I32(2, static_cast<int32_t>(encoding));
  if (!is_dictionary) {
    header.I32(3, static_cast<int32_t>(Encoding::kRle));
    header.I32(4, static_cast<int32_t>(Encoding::kRle));
  }
  header.End();
  header.End();
  chunk_.plain_bytes += static_cast<int64_t>(to.size() - before + press.page.size());
  to.Append(press.packed.view());
  chunk_.packed_bytes += static_cast<int64_t>(to.size() - before);
}

int64_t ParquetColumn::EncodedBytes() const {
  return static_cast<int64_t>(pages_.size() + plain_.size() + numbers_.size() +
                              repetitions_.size());
}

int64_t ParquetColumn::BufferedBytes() const {
  const size_t bytes = definitions_.capacity() + repetitions_.capacity() +
                       numbers_.capacity() * sizeof(uint32_t) + plain_.room() + pages_.room() +
                       dictionary_page_.room();
  return static_cast<int64_t>(bytes) + dictionary_.RoomBytes();
}

ColumnChunk ParquetColumn::Finish(PagePress& press) {
  EndPage(press);
  EndDictionary(press);
  return chunk_;
}

void ParquetColumn::Clear() {
  chunk_ = {};
  if (uses_dictionary_) {
    dictionary_.Clear();
  } else {
    dictionary_.Drop();
  }
  dictionary_page_.Clear();
  pages_.Clear();
}

}  // namespace sluice
