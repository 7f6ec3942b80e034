#include "warehouse/key_order.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <span>

#include "stage/schema.h"
#include "warehouse/big_endian.h"

namespace sluice {
namespace {

// A cell's bytes; of NULL, which comes before all others, not even an address.
using Cell = std::string_view;

// The lineage in the order in which it is compared.
struct Age {
  int64_t timestamp;  // of a record without one: less than any other
  int32_t partition;
  int64_t offset;
  int32_t log;
  auto operator<=>(const Age&) const = default;
};

// Most comparisons end at the first bytes of the first cell: they lie in what is sorted.
using Prefix = std::array<uint64_t, 2>;
struct Entry {
  Prefix prefix;
  uint32_t row;
};

Prefix PrefixOf(Cell cell) {
  char bytes[sizeof(Prefix)] = {};
  cell.copy(bytes, sizeof bytes);
  Prefix prefix;
  for (size_t i = 0; i < prefix.size(); ++i) {
    prefix[i] = ReadBigEndian<uint64_t>(bytes + i * sizeof(uint64_t));
  }
  return prefix;
}

void ReadCells(std::string_view row, std::span<Cell> cells) {
  const char* at = row.data() + sizeof(int16_t);
  for (Cell& cell : cells) {
    const auto length = ReadBigEndian<int32_t>(at);
    at += sizeof length;
    cell = length < 0 ? Cell() : Cell(at, static_cast<size_t>(length));
    at += cell.size();
  }
}

Age AgeOf(std::span<const Cell, kLineageColumns> lineage) {
  const Cell timestamp = lineage[0];
  return {.timestamp = timestamp.data() == nullptr ? std::numeric_limits<int64_t>::min()
                                                   : ReadBigEndian<int64_t>(timestamp.data()),
          .partition = ReadBigEndian<int32_t>(lineage[2].data()),
          .offset = ReadBigEndian<int64_t>(lineage[3].data()),
          .log = ReadBigEndian<int32_t>(lineage[1].data())};
}

class KeyOrder {
 public:
  KeyOrder(const Target& target, const std::vector<std::string_view>& rows)
      : width_(target.spec.key.size()) {
    std::vector<size_t> columns;
    for (const auto& name : target.spec.key) {
      const auto found = std::ranges::find(target.columns, name, &Field::name);
      columns.push_back(static_cast<size_t>(found - target.columns.begin()));
    }
    std::vector<Cell> cells(target.columns.size());
    keys_.reserve(rows.size() * width_);
    ages_.reserve(rows.size());
    for (const std::string_view row : rows) {
      ReadCells(row, cells);
      for (const size_t column : columns) keys_.push_back(cells[column]);
      ages_.push_back(AgeOf(std::span(cells).last<kLineageColumns>()));
    }
  }

  // Rows of one key follow each other, the latest first.
  std::vector<Entry> Sorted() const {
    std::vector<Entry> entries;
    entries.reserve(ages_.size());
    for (uint32_t row = 0; row < ages_.size(); ++row) {
      entries.push_back({PrefixOf(KeyOf(row).front()), row});
    }
    std::ranges::sort(entries, [this](const Entry& a, const Entry& b) {
      if (const auto order = a.prefix <=> b.prefix; order != 0) return order < 0;
      const auto order = Compare(a.row, b.row);
      return order != 0 ? order < 0 : ages_[a.row] > ages_[b.row];
    });
    return entries;
  }

  std::strong_ordering Compare(size_t a, size_t b) const {
    for (size_t i = 0; i < width_; ++i) {
      const Cell left = KeyOf(a)[i], right = KeyOf(b)[i];
      const auto nulls = (left.data() != nullptr) <=> (right.data() != nullptr);
      if (nulls != 0) return nulls;
      if (const auto order = left <=> right; order != 0) return order;
    }
    return std::strong_ordering::equal;
  }

 private:
  std::span<const Cell> KeyOf(size_t row) const {
    return std::span(keys_).subspan(row * width_, width_);
  }

  size_t width_;
  std::vector<Cell> keys_;
  std::vector<Age> ages_;
};

}  // namespace

EncodedRows OrderByKey(const Target& target, const std::vector<std::string_view>& rows) {
  const KeyOrder order(target, rows);
  std::vector<std::string_view> latest, superseded;
  latest.reserve(rows.size());
  const Entry* last = nullptr;
  const std::vector<Entry> sorted = order.Sorted();
  for (const Entry& entry : sorted) {
    const bool again =
        last != nullptr && last->prefix == entry.prefix && order.Compare(last->row, entry.row) == 0;
    (again ? superseded : latest).push_back(rows[entry.row]);
    last = &entry;
  }
  const auto count = static_cast<int64_t>(latest.size());
  if (!superseded.empty()) superseded = AsCopy(std::move(superseded));
  return {AsCopy(std::move(latest)), count, std::move(superseded)};
}

}  // namespace sluice
