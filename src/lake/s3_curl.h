#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

struct CurlEasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlEasyDeleter>;

/// A list of header lines.
class CurlHeaders {
 public:
  CurlHeaders() = default;
  CurlHeaders(const CurlHeaders&) = delete;
  CurlHeaders& operator=(const CurlHeaders&) = delete;
  ~CurlHeaders() { curl_slist_free_all(list_); }
  void Add(const std::string& line) {
    if (curl_slist* const longer = curl_slist_append(list_, line.c_str())) list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// Handles that wait for their next use, each with its open connection. Thread-safe.
class CurlPool {
 public:
  CurlPool();
  /// Returns a handle without options; null only without memory.
  CurlHandle Take();
  /// Takes a handle back whose transfer is over.
  void Give(CurlHandle handle);

 private:
  std::mutex mutex_;
  std::vector<CurlHandle> idle_;
};

}  // namespace sluice
