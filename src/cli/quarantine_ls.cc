#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/chosen_records.h"
#include "cli/output.h"
#include "cli/quarantine_text.h"
#include "cli/with_ledger.h"
#include "core/text.h"
#include "ledger/quarantine_report.h"

namespace sluice::cli {
namespace {

constexpr size_t kDetailColumns = 60;

std::string ListText(const std::vector<Quarantined>& records, bool with_state) {
  std::vector<std::string> headers{"RECORD", "AT", "REASON", "FIELD", "DETAIL"};
  if (with_state) headers.emplace_back("RESOLVED");
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : records) {
    rows.push_back({Spell(record.id), record.at, record.reason, EscapeControl(record.field),
                    std::string(CutUtf8(EscapeControl(record.detail), kDetailColumns))});
    if (with_state) rows.back().push_back(record.resolved_at);
  }
  return Table(headers, rows);
}

QuarantineFilter::State StateOf(const std::string& name) {
  if (name == "resolved") return QuarantineFilter::State::kResolved;
  if (name == "all") return QuarantineFilter::State::kAny;
  return QuarantineFilter::State::kUnresolved;
}

bool ChoosesAll(const ChosenRecords& chosen) {
  return chosen.records.empty() && chosen.reason.empty() && chosen.partition < 0 &&
         chosen.since.empty() && chosen.before.empty();
}

}  // namespace

int QuarantineList(const CommonArgs& common, const QuarantineListArgs& args) {
  auto filter = FilterOf(args.chosen);
  if (!filter) return Failed(common, filter.error());
  filter->state = StateOf(args.state);
  const char* const nothing = common.json() ? "[]\n" : "the quarantine is empty\n";
  return WithLedger(common, nothing, [&](const Spec& spec, Services&, SqlSession& session) {
    const auto records = ListQuarantined(session, spec.pipeline, *filter, args.limit);
    if (!records) return Failed(common, records.error());
    if (common.json()) {
      nlohmann::json result = nlohmann::json::array();
      for (const auto& record : *records) result.push_back(AsJson(record, false));
      Print(Dump(result));
    } else if (records->empty()) {
      Print(ChoosesAll(args.chosen) && args.state != "resolved" ? nothing : "there are none\n");
    } else {
      Print(ListText(*records, args.state != "unresolved"));
    }
    return 0;
  });
}

}  // namespace sluice::cli
