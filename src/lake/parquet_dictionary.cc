#include "lake/parquet_dictionary.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr size_t kFirstPlaces = 512;

uint64_t Mix(uint64_t hash, uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(hash ^ word) * 0x9E3779B97F4A7C15u;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

size_t PlaceOf(uint64_t word, size_t places) {
  return Mix(0xD6E8FEB86659FD93u, word) & (places - 1);
}

}  // namespace

// Of more than eight bytes; the last word may overlap the one before. Collisions that somebody
// makes on purpose cost time in one row group, whose dictionary ends soon.
uint64_t ParquetDictionary::HashOf(std::string_view value) {
  uint64_t hash = value.size();
  const char* at = value.data();
  const char* const last = at + value.size() - sizeof(uint64_t);
  for (; at < last; at += sizeof(uint64_t)) hash = Mix(hash, Load(at));
  return Mix(hash, Load(last));
}

uint32_t ParquetDictionary::Find(uint64_t word, std::string_view value) {
  if (places_.size() < 2 * (values_.size() + 1)) Rehash(std::max(kFirstPlaces, 2 * places_.size()));
  size_t place = PlaceOf(word, places_.size());
  while (places_[place] != kFree && !Is(values_[places_[place]], word, value)) {
    place = (place + 1) & (places_.size() - 1);
  }
  if (places_[place] == kFree) Add(place, word, value);
  last_number_ = places_[place];
  last_ = values_[last_number_];
  return last_number_;
}

void ParquetDictionary::Add(size_t place, uint64_t word, std::string_view value) {
  const auto length = static_cast<uint32_t>(value.size());
  if (has_lengths_) plain_.Append(&length, sizeof length);
  places_[place] = size();
  values_.push_back({word, static_cast<uint32_t>(plain_.size()), length});
  plain_.Append(value);
}

void ParquetDictionary::Rehash(size_t places) {
  places_.assign(places, kFree);
  for (uint32_t number = 0; number < size(); ++number) {
    size_t place = PlaceOf(values_[number].word, places);
    while (places_[place] != kFree) place = (place + 1) & (places - 1);
    places_[place] = number;
  }
}

int64_t ParquetDictionary::RoomBytes() const {
  return static_cast<int64_t>(places_.capacity() * sizeof(uint32_t) +
                              values_.capacity() * sizeof(Value) + plain_.room());
}

void ParquetDictionary::Clear() {
  std::fill(places_.begin(), places_.end(), kFree);
  values_.clear();
  plain_.Clear();
  last_.length = kFree;
}

void ParquetDictionary::Drop() {
  *this = ParquetDictionary(has_lengths_);
}

}  // namespace sluice
