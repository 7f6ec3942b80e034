#include <fmt/format.h>

#include "config/spec_facts_test.h"
#include "core/text.h"
#include "stage/schema.h"

namespace sluice {
namespace {

std::string Spell(const Place& place) {
  return fmt::format("{}:{}", place.line, place.column);
}

std::string Spell(const std::vector<PartitionField>& fields) {
  std::vector<std::string> items;
  for (const auto& field : fields) items.push_back(field.transform + "(" + field.column + ")");
  return Join(items, ", ");
}

std::string Spell(const std::vector<Place>& places) {
  std::vector<std::string> items;
  for (const auto& place : places) items.push_back(Spell(place));
  return Join(items, " ");
}

std::string Spell(const TimeWindow& window) {
  const auto spell = [](const std::optional<int64_t>& ms) { return ms ? SpellSpan(*ms) : "off"; };
  return fmt::format("past {} future {}", spell(window.past_ms), spell(window.future_ms));
}

constexpr std::string_view kStarts[] = {"earliest", "latest", "timestamp"};
constexpr std::string_view kPolicies[] = {"null", "keep", "quarantine"};
constexpr std::string_view kOtherwise[] = {"warn", "drop", "quarantine", "fail"};

class Facts {
 public:
  std::vector<std::string> lines;

  template <typename T>
  void Add(std::string_view name, const T& value) {
    lines.push_back(fmt::format("{} = {}", name, value));
  }

  void Ingest(const Spec& spec) {
    Add("pipeline", spec.pipeline);
    Add("folder", spec.folder);
    Add("source.embedded", spec.source.embedded);
    Add("source.brokers", spec.source.brokers);
    Add("source.topic", spec.source.topic);
    Add("source.start", kStarts[static_cast<size_t>(spec.source.start)]);
    Add("source.start_timestamp_ms", spec.source.start_timestamp_ms);
    Add("source.group", spec.source.group);
    Add("source.partitions", spec.source.partitions);
    for (const auto& [name, value] : spec.source.options) Add("source.options." + name, value);
    Add("source.max_batch_rows", spec.source.max_batch_rows);
    Add("source.max_batch_bytes", spec.source.max_batch_bytes);
    Add("lake.root", spec.lake.root);
    Add("lake.catalog", spec.lake.catalog);
    Add("lake.every_ms", spec.lake.every_ms);
    Add("lake.file_size_bytes", spec.lake.file_size_bytes);
    for (const auto& [name, value] : spec.lake.s3) Add("lake.s3." + name, value);
    Add("warehouse.embedded", spec.warehouse.embedded);
    Add("warehouse.url", spec.warehouse.url);
    Add("warehouse.every_ms", spec.warehouse.every_ms);
  }

  void Bronze(const BronzeSpec& bronze) {
    Add("bronze", bronze.table.Full());
    Add("bronze.place", Spell(bronze.place));
    for (const auto& field : bronze.columns) {
      Add(fmt::format("bronze.columns.{}", field.name),
          fmt::format("{}{}{}", Spell(field.type), field.required ? " required" : "",
                      field.comment.empty() ? "" : " # " + field.comment));
    }
    Add("bronze.partition_by", Spell(bronze.partition_by));
    Add("bronze.time_window", Spell(bronze.time_window));
    const DecodeOptions& decode = bronze.decode;
    Add("decode.nan", kPolicies[static_cast<size_t>(decode.nan)]);
    Add("decode.infinity", kPolicies[static_cast<size_t>(decode.infinity)]);
    Add("decode.unknown_fields",
        decode.unknown_fields == UnknownFields::kRest ? "rest" : "quarantine");
    Add("decode.coerce", decode.coerce);
    Add("decode.case_insensitive", decode.case_insensitive);
    Add("decode.strip_nul", decode.strip_nul);
    Add("decode.max_message_bytes", decode.max_message_bytes);
    Add("decode.max_field_bytes", decode.max_field_bytes);
    Add("decode.max_fields", decode.max_fields);
    Add("decode.max_field_name_bytes", decode.max_field_name_bytes);
    Add("decode.max_depth", decode.max_depth);
    Add("decode.timestamp_unit", decode.timestamp_unit);
    Add("decode.timestamp_zone", decode.timestamp_zone);
  }

  void Silver(const std::string& name, const SilverSpec& silver) {
    Add(name, silver.table.Full());
    Add(name + ".place", Spell(silver.place));
    Add(name + ".from", silver.from.Full());
    Add(name + ".sql", EscapeControl(silver.sql));
    Add(name + ".sql_lines", Spell(silver.sql_lines));
    for (const auto& expectation : silver.expect) {
      Add(name + ".expect." + expectation.name,
          fmt::format("{} else {} at {}", expectation.check,
                      kOtherwise[static_cast<size_t>(expectation.otherwise)],
                      Spell(expectation.place)));
    }
    Add(name + ".partition_by", Spell(silver.partition_by));
    Add(name + ".partition_places", Spell(silver.partition_places));
    Add(name + ".time_window", Spell(silver.time_window));
    if (!silver.warehouse) return;
    const WarehouseTableSpec& table = *silver.warehouse;
    Add(name + ".warehouse", fmt::format("{}.{} {} key [{}] at {}", table.schema, table.table,
                                         table.mode == WriteMode::kUpsert ? "upsert" : "append",
                                         Join(table.key, ", "), Spell(table.place)));
    Add(name + ".warehouse.key_places", Spell(table.key_places));
  }
};

}  // namespace

std::vector<std::string> FactsOf(const Spec& spec) {
  Facts facts;
  facts.Ingest(spec);
  facts.Bronze(spec.bronze);
  for (size_t i = 0; i < spec.silver.size(); ++i) {
    facts.Silver(fmt::format("silver[{}]", i), spec.silver[i]);
  }
  if (spec.gold) facts.Add("gold.dbt", spec.gold->dbt);
  if (spec.gold) facts.Add("gold.every_ms", spec.gold->every_ms);
  if (spec.serve.off) facts.Add("serve", "off");
  if (spec.serve.http)
    facts.Add("serve.http",
              fmt::format("{} port {}", spec.serve.http->host, spec.serve.http->port));
  if (!spec.serve.hosts.empty()) facts.Add("serve.hosts", Join(spec.serve.hosts, " "));
  if (!spec.serve.token.empty()) facts.Add("serve.token", spec.serve.token);
  const MaintenanceSpec& care = spec.maintenance;
  if (care.off) facts.Add("maintenance", "off");
  facts.Add("maintenance.every_ms", care.every_ms);
  facts.Add("maintenance.target_file_bytes", care.target_file_bytes);
  facts.Add("maintenance.snapshots",
            fmt::format("keep {}, {} ms", care.keep_snapshots, care.snapshot_age_ms));
  facts.Add("maintenance.orphans_after_ms", care.orphans_after_ms);
  facts.Add("maintenance.receipts_after_ms", care.receipts_after_ms);
  facts.Add("quarantine_limit_rows", spec.quarantine_limit_rows);
  facts.Add("quarantine.storm",
            fmt::format("{}% of {}", spec.storm.share_percent, spec.storm.of_last));
  return facts.lines;
}

}  // namespace sluice
