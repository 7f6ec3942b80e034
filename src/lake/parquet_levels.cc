#include "lake/parquet_levels.h"

#include <array>

#include "lake/parquet_scan.h"

namespace sluice {
namespace {

// 0, 1, 2, …: the places of rows that are all there.
constexpr auto kAllPlaces = [] {
  std::array<uint32_t, kChunkRows> places{};
  for (uint32_t i = 0; i < kChunkRows; ++i) places[i] = i;
  return places;
}();

void FindPlain(duckdb_vector column, size_t from, size_t to, LeafSlots& slots) {
  slots.leaf = column;
  slots.count = to - from;
  const uint64_t* mask = duckdb_vector_get_validity(column);
  if (mask == nullptr) {
    slots.present = std::span(kAllPlaces).subspan(from, slots.count);
    return;
  }
  for (size_t row = from; row < to; ++row) {
    if (IsValid(mask, row)) slots.places.push_back(static_cast<uint32_t>(row));
  }
  slots.present = slots.places;
  if (slots.present.size() == slots.count) return;
  slots.definitions.resize(slots.count);
  for (const uint32_t row : slots.present) slots.definitions[row - from] = 1;
}

// A value, or why there is none, on the way down to a leaf.
struct Slot {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t row = kNone;  // in the vector at hand
  uint8_t definition = 0;
  uint8_t repetition = 0;
};

// The vector is one of optional values: each that is there is one level more.
void Define(duckdb_vector vector, std::vector<Slot>& slots) {
  const uint64_t* mask = duckdb_vector_get_validity(vector);
  for (Slot& slot : slots) {
    if (slot.row == Slot::kNone) continue;
    if (IsValid(mask, slot.row)) {
      ++slot.definition;
    } else {
      slot.row = Slot::kNone;
    }
  }
}

// Lists become their elements; an empty one, or one that is not there, stays one slot.
std::vector<Slot> Unfold(duckdb_vector lists, const std::vector<Slot>& slots, uint8_t depth) {
  const auto* entries = DataOf<duckdb_list_entry>(lists);
  std::vector<Slot> elements;
  for (const Slot& slot : slots) {
    if (slot.row == Slot::kNone || entries[slot.row].length == 0) {
      elements.push_back({Slot::kNone, slot.definition, slot.repetition});
      continue;
    }
    const auto first = static_cast<uint32_t>(entries[slot.row].offset);
    for (uint32_t i = 0; i < entries[slot.row].length; ++i) {
      elements.push_back(
          {first + i, static_cast<uint8_t>(slot.definition + 1), i == 0 ? slot.repetition : depth});
    }
  }
  return elements;
}

void FindNested(const ParquetLeaf& leaf, duckdb_vector vector, size_t from, size_t to,
                LeafSlots& to_slots) {
  std::vector<Slot> slots(to - from);
  for (size_t i = 0; i < slots.size(); ++i) slots[i].row = static_cast<uint32_t>(from + i);
  Define(vector, slots);
  uint8_t depth = 0;
  for (const LeafStep& step : leaf.steps) {
    if (step.child == LeafStep::kElement) {
      slots = Unfold(vector, slots, ++depth);
      vector = duckdb_list_vector_get_child(vector);
    } else {
      vector = duckdb_struct_vector_get_child(vector, step.child);
    }
    Define(vector, slots);
  }
  to_slots.leaf = vector;
  to_slots.count = slots.size();
  for (const Slot& slot : slots) {
    if (slot.row != Slot::kNone) to_slots.places.push_back(slot.row);
    to_slots.definitions.push_back(slot.definition);
    if (leaf.max_repetition > 0) to_slots.repetitions.push_back(slot.repetition);
  }
  to_slots.present = to_slots.places;
}

}  // namespace

void FindSlots(const ParquetLeaf& leaf, duckdb_vector top, size_t from, size_t to,
               LeafSlots& slots) {
  slots.places.clear();
  slots.definitions.clear();
  slots.repetitions.clear();
  if (leaf.steps.empty()) return FindPlain(top, from, to, slots);
  FindNested(leaf, top, from, to, slots);
}

}  // namespace sluice
