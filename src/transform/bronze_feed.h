#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stage/chunk.h"
#include "stage/duck.h"
#include "stage/schema.h"

namespace sluice {

/// A DuckDB table function over the chunks of the batch at hand; columns that a query does not use
/// cost nothing. One query at a time.
class BronzeFeed {
 public:
  /// Makes `name()` known to the whole database, until that ends.
  static Result<std::unique_ptr<BronzeFeed>> Make(duckdb_connection connection,
                                                  const std::string& name, const Schema& schema);

  /// Sets what the next queries read: all rows, shared without a copy. `bronze` must stay.
  void Offer(std::span<const Chunk> bronze);
  /// Narrows that to the rows numbered `rows` (ascending, counted through the chunks), as copies:
  /// no function then ever sees another row's value. `rows` must stay.
  void OfferOnly(std::span<const uint32_t> rows);
  void OfferAll() { state_->only.reset(); }

  struct State {
    Schema schema;
    std::span<const Chunk> bronze;
    std::optional<std::span<const uint32_t>> only;
  };

 private:
  explicit BronzeFeed(std::shared_ptr<State> state) : state_(std::move(state)) {}
  /// Shared with DuckDB's catalog, which may outlive the feed and never runs it then.
  std::shared_ptr<State> state_;
};

}  // namespace sluice
