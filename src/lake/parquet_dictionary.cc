#include "lake/parquet_dictionary.h"

#include <cstring>

namespace sluice {
namespace {

constexpr size_t kFirstPlaces = 512;

uint64_t WordAt(const char* from, size_t bytes = sizeof(uint64_t)) {
  uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

uint64_t Mix(uint64_t hash, uint64_t word) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(hash ^ word) * 0x9E3779B97F4A7C15u;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Collisions that somebody makes on purpose cost time in one row group, whose dictionary ends soon.
uint64_t HashOf(std::string_view value) {
  uint64_t hash = 0xD6E8FEB86659FD93u ^ value.size();
  const char* at = value.data();
  size_t left = value.size();
  for (; left > sizeof(uint64_t); at += 8, left -= 8) hash = Mix(hash, WordAt(at));
  return Mix(hash, WordAt(at, left));
}

}  // namespace

bool ParquetDictionary::Is(uint32_t number, uint64_t hash, std::string_view value) const {
  const Value& known = values_[number];
  return known.hash == hash && known.length == value.size() &&
         std::memcmp(plain_.data() + known.offset, value.data(), value.size()) == 0;
}

uint32_t ParquetDictionary::Find(std::string_view value) {
  const uint64_t hash = HashOf(value);
  if (places_.size() < 2 * (values_.size() + 1)) Rehash(std::max(kFirstPlaces, 2 * places_.size()));
  const size_t mask = places_.size() - 1;
  size_t place = hash & mask;
  while (places_[place] != kFree && !Is(places_[place], hash, value)) place = (place + 1) & mask;
  if (places_[place] == kFree) places_[place] = Add(hash, value);
  last_ = places_[place];
  last_offset_ = values_[last_].offset;
  last_length_ = values_[last_].length;
  return last_;
}

uint32_t ParquetDictionary::Add(uint64_t hash, std::string_view value) {
  const auto length = static_cast<uint32_t>(value.size());
  if (has_lengths_) plain_.Append(&length, sizeof length);
  values_.push_back({hash, static_cast<uint32_t>(plain_.size()), length});
  plain_.Append(value);
  return size() - 1;
}

void ParquetDictionary::Rehash(size_t places) {
  places_.assign(places, kFree);
  for (uint32_t number = 0; number < size(); ++number) {
    size_t place = values_[number].hash & (places - 1);
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
  last_length_ = kFree;
}

void ParquetDictionary::Drop() {
  *this = ParquetDictionary(has_lengths_);
}

}  // namespace sluice
