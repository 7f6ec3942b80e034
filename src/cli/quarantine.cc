#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/waiting.h"
#include "core/text.h"
#include "ledger/quarantine_report.h"
#include "ledger/schema.h"
#include "pipeline/services.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

constexpr size_t kDetailColumns = 60;

std::string Id(const Quarantined& record) {
  return fmt::format("{}/{}/{}", record.log.value, record.partition.value, record.offset.value);
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return hex;
}

json AsJson(const Quarantined& record, bool with_bytes) {
  json result{{"id", Id(record)},
              {"log", record.log.value},
              {"topic", record.topic},
              {"partition", record.partition.value},
              {"offset", record.offset.value},
              {"kafka_at", record.kafka_at},
              {"at", record.at},
              {"value_bytes", record.value_bytes},
              {"sha256", record.sha256},
              {"reason", record.reason},
              {"field", record.field},
              {"detail", record.detail}};
  if (with_bytes) {
    result["key_hex"] = record.key ? json(Hex(*record.key)) : json();
    result["value_hex"] = record.value ? json(Hex(*record.value)) : json();
  }
  return result;
}

std::string ListText(const std::vector<Quarantined>& records) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : records) {
    rows.push_back({Id(record), record.at, record.reason, EscapeControl(record.field),
                    std::string(CutUtf8(EscapeControl(record.detail), kDetailColumns))});
  }
  return Table({"RECORD", "AT", "REASON", "FIELD", "DETAIL"}, rows);
}

std::string ShowText(const Quarantined& record) {
  std::string text =
      fmt::format("record     {}  (topic {}, partition {}, offset {})\nreason     {}\n", Id(record),
                  record.topic, record.partition.value, record.offset.value, record.reason);
  if (!record.field.empty()) text += "field      " + EscapeControl(record.field) + "\n";
  if (!record.detail.empty()) text += "detail     " + EscapeControl(record.detail) + "\n";
  text += fmt::format("produced   {}\nkept since {}\nlength     {} bytes, sha256 {}\n",
                      record.kafka_at.empty() ? "no timestamp" : record.kafka_at, record.at,
                      record.value_bytes, record.sha256);
  if (record.key) text += "key        " + EscapeControl(*record.key) + "\n";
  text += "value\n";
  return text + (record.value ? EscapeControl(*record.value) : "(null)") + "\n";
}

// Opens the ledger and hands a session to `body`; one place for the verbs' errors.
template <typename Body>
int WithLedger(const CommonArgs& common, Body&& body) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  const auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  const auto session = services->database->Connect("sluice-quarantine");
  if (!session) return Failed(common, session.error());
  const auto ran = HasLedgerTables(**session);
  if (!ran) return Failed(common, ran.error());
  return body(*spec, **session, *ran);
}

bool ParseRecord(const std::string& text, LogId& log, PartitionId& partition, Offset& offset) {
  const auto parts = Split(text, '/');
  const auto read = [](const std::string& part, auto& number) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    return error == std::errc{} && end == part.data() + part.size() && !part.empty();
  };
  return parts.size() == 3 && read(parts[0], log.value) && read(parts[1], partition.value) &&
         read(parts[2], offset.value);
}

}  // namespace

int QuarantineList(const CommonArgs& common, const QuarantineListArgs& args) {
  return WithLedger(common, [&](const Spec& spec, SqlSession& session, bool ran) {
    std::vector<Quarantined> records;
    if (ran) {
      auto listed = ListQuarantined(session, spec.pipeline, args.reason, args.limit);
      if (!listed) return Failed(common, listed.error());
      records = *std::move(listed);
    }
    if (common.json()) {
      json result = json::array();
      for (const auto& record : records) result.push_back(AsJson(record, false));
      Print(result.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    } else {
      Print(records.empty() ? "the quarantine is empty\n" : ListText(records));
    }
    return 0;
  });
}

int QuarantineShow(const CommonArgs& common, const QuarantineShowArgs& args) {
  LogId log;
  PartitionId partition;
  Offset offset;
  if (!ParseRecord(args.record, log, partition, offset)) {
    return Failed(common, {ErrorKind::kUsage, fmt::format("`{}` names no record", args.record),
                           "give it as `sluice quarantine ls` prints it: LOG/PARTITION/OFFSET"});
  }
  return WithLedger(common, [&](const Spec& spec, SqlSession& session, bool ran) {
    std::optional<Quarantined> record;
    if (ran) {
      auto shown = ShowQuarantined(session, spec.pipeline, log, partition, offset);
      if (!shown) return Failed(common, shown.error());
      record = *std::move(shown);
    }
    if (!record) {
      return Failed(common,
                    {ErrorKind::kUsage, fmt::format("{} is not in the quarantine", args.record),
                     "`sluice quarantine ls` lists what is"});
    }
    Print(common.json()
              ? AsJson(*record, true).dump(-1, ' ', false, json::error_handler_t::replace) + "\n"
              : ShowText(*record));
    return 0;
  });
}

}  // namespace sluice::cli
