#include "lake/in_parallel.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice {

Status InParallel(size_t count, size_t threads, const std::function<Status(size_t)>& work) {
  std::mutex mutex;  // of what follows
  size_t next = 0;
  Status first;
  const auto take = [&]() -> size_t {
    const std::scoped_lock lock(mutex);
    return first ? next++ : count;
  };
  const auto run = [&] {
    for (size_t i = take(); i < count; i = take()) {
      Status status = work(i);
      const std::scoped_lock lock(mutex);
      if (first && !status) first = std::move(status);
    }
  };
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < std::min(count, threads); ++i) helpers.emplace_back(run);
  run();
  helpers.clear();
  return first;
}

}  // namespace sluice
