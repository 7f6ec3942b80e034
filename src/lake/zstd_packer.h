#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "lake/byte_buffer.h"

struct ZSTD_CCtx_s;

namespace sluice {

/// Compresses one block after the other with the same tables.
class ZstdPacker {
 public:
  explicit ZstdPacker(int32_t level);
  /// Appends `plain` as one frame; returns its bytes.
  size_t Append(std::string_view plain, ByteBuffer& to);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  int32_t level_;
};

}  // namespace sluice
