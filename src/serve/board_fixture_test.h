#pragma once

#include "core/clock.h"
#include "pipeline/status_board.h"
#include "serve/about.h"

namespace sluice {

/// The books pipeline.
inline About BooksAbout() {
  return {.version = "1.2.3",
          .pipeline = "books",
          .topic = "sensor_stream",
          .bronze = "raw.books",
          .silver = {"processed.books"},
          .warehouse = {"public.books_silver"},
          .gold = "books_analytics"};
}

/// A run in full swing: two workers, three partitions, something in the quarantine.
inline void FillBoard(StatusBoard& board) {
  board.UpdateRun([](RunStatus& run) {
    run.phase = RunPhase::kRunning;
    run.started_ms = 1'700'000'000'000;
    run.broker = "kafka:9092";
    run.log = LogId{4};
    run.high = {{PartitionId{0}, Offset{110}}, {PartitionId{1}, Offset{50}}};
    run.gold = GoldStatus{.builds = 3,
                          .failures = 1,
                          .finished_ms = 1'700'000'060'500,
                          .ok = true,
                          .seconds = 1.25,
                          .models = 3,
                          .tests = 9,
                          .passed = 12};
  });
  board.Update("7-0", [](WorkerStatus& worker) {
    worker.state = "running";
    worker.partitions[PartitionId{0}] = {Offset{105}, Offset{100}, Offset{90}};
    worker.partitions[PartitionId{2}] = {Offset{5}, Offset{5}, Offset{5}};
    worker.records = 100;
    worker.ok = 97;
    worker.quarantined = 3;
    worker.quarantine_reasons = {{"json_syntax", 2}, {"expectation:title \"x\"\n", 1}};
    worker.expectations = {{"sales_positive", 4}};
    worker.warehouse_commits = 10;
    worker.warehouse_committed_ms = 1'700'000'050'000;
    worker.lake_commits = 2;
    worker.lake_committed_ms = 1'700'000'040'000;
    worker.retries = 2;
  });
  board.Update("7-1", [](WorkerStatus& worker) {
    worker.state = "running";
    worker.partitions[PartitionId{1}] = {Offset{50}, Offset{50}, Offset{50}};
    worker.records = 50;
    worker.ok = 49;
    worker.skipped = 1;
    worker.warehouse_commits = 5;
    worker.warehouse_committed_ms = 1'700'000'055'000;
    worker.fenced = 1;
    worker.doubts = 1;
    worker.nan_as_null = 6;
    worker.gap_offsets = 9;
    worker.broker_errors = 2;
  });
}

}  // namespace sluice
