#include "source/record_feed.h"

#include "source/csv_feed.h"
#include "source/lines_feed.h"

namespace sluice {

Result<std::unique_ptr<RecordFeed>> RecordFeed::Make(const ProduceOptions& options,
                                                     const std::stop_token& stop) {
  return options.SendsLines() ? LinesFeed::Open(options) : CsvFeed::Open(options, stop);
}

}  // namespace sluice
