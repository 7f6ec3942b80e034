#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/chosen_records.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/quarantine_text.h"
#include "cli/with_ledger.h"
#include "core/text.h"
#include "ledger/quarantine_report.h"

namespace sluice::cli {
namespace {

constexpr size_t kShownBytes = 16 << 10;
constexpr size_t kShownHeaderBytes = 256;

std::string KafkaTime(const std::string& at) {
  if (at.empty()) return "no timestamp";
  return at == "infinity" ? "past the year 9999" : at;
}

std::string ShowText(const Quarantined& record) {
  std::string text = fmt::format(
      "record     {}  (topic {}, partition {}, offset {})\nreason     {}\n", Spell(record.id),
      record.topic, record.id.partition.value, record.id.offset.value, record.reason);
  if (!record.field.empty()) text += "field      " + EscapeControl(record.field) + "\n";
  if (!record.detail.empty()) text += "detail     " + EscapeControl(record.detail) + "\n";
  text += fmt::format("produced   {}\nkept since {}\n", KafkaTime(record.kafka_at), record.at);
  if (!record.resolved_at.empty()) {
    text += fmt::format("resolved   {} by commit {}\n", record.resolved_at, record.resolved_by);
  }
  text += fmt::format("length     {} bytes, sha256 {}\n", WithThousands(record.value_bytes),
                      record.sha256);
  if (record.kept_bytes < record.value_bytes) {
    text += fmt::format("kept       its first {} bytes only: it cannot be replayed\n",
                        WithThousands(record.kept_bytes));
  }
  for (const auto& header : record.headers) {
    text += fmt::format("header     {}: {}", EscapeControl(header.key),
                        header.value ? ShowBytes(*header.value, kShownHeaderBytes) : "(null)\n");
  }
  if (record.key) text += "key\n" + ShowBytes(*record.key, kShownBytes);
  text += "value\n";
  return text + (record.value ? ShowBytes(*record.value, kShownBytes) : "(null)\n");
}

}  // namespace

int QuarantineShow(const CommonArgs& common, const QuarantineShowArgs& args) {
  const auto id = ParseRecord(args.record);
  if (!id) return Failed(common, id.error());
  const Error absent{ErrorKind::kUsage, fmt::format("{} is not in the quarantine", args.record),
                     "`sluice quarantine ls --state all` lists what is"};
  bool ran = false;
  const int code = WithLedger(common, "", [&](const Spec& spec, Services&, SqlSession& session) {
    ran = true;
    const auto record = ShowQuarantined(session, spec.pipeline, *id);
    if (!record) return Failed(common, record.error());
    if (!*record) return Failed(common, absent);
    if (args.raw) {
      Print((*record)->value.value_or(""));
    } else {
      Print(common.json() ? Dump(AsJson(**record, true)) : ShowText(**record));
    }
    return 0;
  });
  return code == 0 && !ran ? Failed(common, absent) : code;
}

}  // namespace sluice::cli
