#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <string>

namespace sluice {

/// Writes an integer in network order, as COPY BINARY wants all of them; returns what follows it.
template <std::integral T>
char* PutBigEndian(char* to, T value) {
  const T swapped = std::endian::native == std::endian::little ? std::byteswap(value) : value;
  std::memcpy(to, &swapped, sizeof swapped);
  return to + sizeof swapped;
}

template <std::integral T>
T ReadBigEndian(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

template <std::integral T>
void AppendBigEndian(std::string& to, T value) {
  char bytes[sizeof value];
  PutBigEndian(bytes, value);
  to.append(bytes, sizeof bytes);
}

}  // namespace sluice
