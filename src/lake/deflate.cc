#include "lake/deflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace sluice {
namespace {

constexpr int kRawWindow = -15;
constexpr int kGzipWindow = 15 + 16;
constexpr size_t kStepBytes = 256 << 10;
constexpr size_t kMaxInput = std::numeric_limits<uInt>::max();

Bytef* In(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

struct InflateStream {
  z_stream state{};
  ~InflateStream() { inflateEnd(&state); }
};

}  // namespace

std::string Deflate(std::string_view plain) {
  z_stream state{};
  // Fails only without memory, for which this program has no other answer anywhere.
  if (deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    if (state.avail_in == 0) {
      const std::string_view next = plain.substr(0, kMaxInput);
      state.next_in = In(next);
      state.avail_in = static_cast<uInt>(next.size());
      plain.remove_prefix(next.size());
    }
    const size_t have = packed.size();
    packed.resize(have + kStepBytes);
    state.next_out = reinterpret_cast<Bytef*>(packed.data() + have);
    state.avail_out = static_cast<uInt>(kStepBytes);
    status = deflate(&state, plain.empty() ? Z_FINISH : Z_NO_FLUSH);
    packed.resize(packed.size() - state.avail_out);
  }
  deflateEnd(&state);
  return packed;
}

Result<std::string> Inflate(std::string_view packed, DeflateFormat format, int64_t max_bytes) {
  if (packed.size() > kMaxInput) return Fail(ErrorKind::kFatal, "a packed block is too long");
  InflateStream stream;
  z_stream& state = stream.state;
  if (inflateInit2(&state, format == DeflateFormat::kRaw ? kRawWindow : kGzipWindow) != Z_OK) {
    throw std::bad_alloc();
  }
  state.next_in = In(packed);
  state.avail_in = static_cast<uInt>(packed.size());
  std::string plain;
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t have = plain.size();
    if (have >= static_cast<size_t>(max_bytes) + 1) break;
    plain.resize(have + std::min(kStepBytes, static_cast<size_t>(max_bytes) + 1 - have));
    state.next_out = reinterpret_cast<Bytef*>(plain.data() + have);
    state.avail_out = static_cast<uInt>(plain.size() - have);
    status = inflate(&state, Z_NO_FLUSH);
    plain.resize(plain.size() - state.avail_out);
  }
  if (plain.size() > static_cast<size_t>(max_bytes)) {
    return Fail(ErrorKind::kFatal,
                fmt::format("a packed block unpacks to over {} bytes", max_bytes));
  }
  if (status != Z_STREAM_END) return Fail(ErrorKind::kFatal, "a packed block is broken");
  return plain;
}

}  // namespace sluice
