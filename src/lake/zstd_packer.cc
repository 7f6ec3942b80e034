#include "lake/zstd_packer.h"

#include <zstd.h>

#include <new>

namespace sluice {

void ZstdPacker::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

ZstdPacker::ZstdPacker(int32_t level) : context_(ZSTD_createCCtx()), level_(level) {
  if (context_ == nullptr) throw std::bad_alloc();
}

size_t ZstdPacker::Append(std::string_view plain, ByteBuffer& to) {
  const size_t before = to.size();
  const size_t most = ZSTD_compressBound(plain.size());
  char* place = to.Extend(most);
  const size_t bytes =
      ZSTD_compressCCtx(context_.get(), place, most, plain.data(), plain.size(), level_);
  // With room for the worst case it fails only without memory, for which there is no other answer.
  if (ZSTD_isError(bytes) != 0) throw std::bad_alloc();
  to.Truncate(before + bytes);
  return bytes;
}

}  // namespace sluice
