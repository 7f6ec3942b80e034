#include "source/record_feed.h"

#include "source/csv_feed.h"
#include "source/lines_feed.h"

namespace sluice {

Result<std::unique_ptr<RecordFeed>> RecordFeed::Make(const ProduceOptions& options,
                                                     const std::stop_token& stop) {
  const bool lines =
      options.lines || options.csv.ends_with(".jsonl") || options.csv.ends_with(".ndjson");
  return lines ? LinesFeed::Open(options) : CsvFeed::Open(options, stop);
}

}  // namespace sluice
