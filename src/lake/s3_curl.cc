#include "lake/s3_curl.h"

namespace sluice {
namespace {

constexpr size_t kMaxIdle = 16;

}  // namespace

CurlPool::CurlPool() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

CurlHandle CurlPool::Take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      CurlHandle handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return CurlHandle(curl_easy_init());
}

void CurlPool::Give(CurlHandle handle) {
  curl_easy_reset(handle.get());  // the connection stays
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(handle));
}

}  // namespace sluice
