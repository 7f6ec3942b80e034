#include "ledger/quarantine_filter.h"

#include <fmt/format.h>

namespace sluice {
namespace {

std::string Spell(const Moment& moment) {
  if (moment.kind == Moment::Kind::kAge) {
    return fmt::format("clock_timestamp() - {} * interval '1 millisecond'", moment.ms);
  }
  return fmt::format("timestamptz 'epoch' + {} * interval '1 millisecond'", moment.ms);
}

}  // namespace

std::string FilterSql::Add(SqlValue value) {
  params.push_back(std::move(value));
  return fmt::format("${}", params.size());
}

FilterSql WhereOf(const std::string& pipeline, const QuarantineFilter& filter) {
  FilterSql sql{"q.pipeline = $1", {pipeline}};
  const auto also = [&](const std::string& condition) { sql.where += " AND " + condition; };
  if (filter.state == QuarantineFilter::State::kUnresolved) also("q.resolved_at IS NULL");
  if (filter.state == QuarantineFilter::State::kResolved) also("q.resolved_at IS NOT NULL");
  if (filter.reason.ends_with('*')) {
    const std::string begin = filter.reason.substr(0, filter.reason.size() - 1);
    also(fmt::format("starts_with(q.reason, {})", sql.Add(begin)));
  } else if (!filter.reason.empty()) {
    also(fmt::format("q.reason = {}", sql.Add(filter.reason)));
  }
  if (filter.log) also(fmt::format("q.log_id = {}", filter.log->value));
  if (filter.partition) also(fmt::format("q.partition = {}", filter.partition->value));
  if (filter.since) also("q.at >= " + Spell(*filter.since));
  if (filter.before) also("q.at < " + Spell(*filter.before));
  if (!filter.records.empty()) {
    const KeyColumns keys(filter.records);
    const std::string log = sql.Add(keys.log), partition = sql.Add(keys.partition);
    also(
        fmt::format("(q.log_id, q.partition, q.\"offset\") IN (SELECT * FROM unnest({}::int[], "
                    "{}::int[], {}::bigint[]))",
                    log, partition, sql.Add(keys.offset)));
  }
  return sql;
}

KeyColumns::KeyColumns(const std::vector<RecordKey>& keys) {
  std::vector<int64_t> logs, partitions, offsets;
  for (const RecordKey& key : keys) {
    logs.push_back(key.log.value);
    partitions.push_back(key.partition.value);
    offsets.push_back(key.offset.value);
  }
  log = ArrayOf(logs);
  partition = ArrayOf(partitions);
  offset = ArrayOf(offsets);
}

}  // namespace sluice
