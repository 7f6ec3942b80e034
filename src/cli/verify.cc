#include "pipeline/verify.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/waiting.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

std::string AsText(const VerifyReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : report.lines) {
    const bool whole = line.partition < 0;
    rows.push_back({line.place, line.log == 0 ? "" : std::to_string(line.log),
                    whole ? "" : std::to_string(line.partition),
                    whole ? "" : fmt::format("[{}, {})", line.from, line.to),
                    WithThousands(line.expected), WithThousands(line.found),
                    line.agrees ? "ok" : "DIFFERS", line.remark});
  }
  std::string text =
      Table({"PLACE", "LOG", "PARTITION", "OFFSETS", "EXPECTED", "FOUND", "", "REMARK"}, rows);
  for (const auto& file : report.broken_files) text += "broken file: " + EscapeControl(file) + "\n";
  return text + fmt::format("\n{}: {} rows read, {} data files opened\n",
                            report.ok() ? "complete" : "NOT complete", WithThousands(report.rows),
                            WithThousands(report.files));
}

json AsJson(const VerifyReport& report) {
  json result{{"ok", report.ok()},
              {"rows", report.rows},
              {"files", report.files},
              {"lines", json::array()},
              {"broken_files", report.broken_files}};
  for (const auto& line : report.lines) {
    result["lines"].push_back({{"place", line.place},
                               {"log", line.log},
                               {"partition", line.partition < 0 ? json() : json(line.partition)},
                               {"from", line.from},
                               {"to", line.to},
                               {"expected", line.expected},
                               {"found", line.found},
                               {"agrees", line.agrees},
                               {"remark", line.remark}});
  }
  return result;
}

}  // namespace

int Verify(const CommonArgs& common, const VerifyArgs&) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  auto services = OpenServices(*spec, Waiting(10));
  if (!services) return Failed(common, services.error());
  ProgressLine line(common.json());
  Pace pace;
  const auto report = VerifyPipeline(*spec, *services, [&](const VerifyProgress& progress) {
    const double rate = pace.Note(progress.rows, progress.total);
    line.Show(fmt::format("reading {}  {} rows{}", progress.place, WithThousands(progress.rows),
                          rate > 0 ? "  " + Rate(rate) : ""),
              progress.rows, progress.total);
  });
  line.End();
  if (!report) return Failed(common, report.error());
  if (report->lines.empty() && !common.json())
    Tell("sluice: nothing was read yet: start `sluice run`\n");
  Print(common.json() ? AsJson(*report).dump() + "\n" : AsText(*report));
  return report->ok() ? 0 : ExitCode(ErrorKind::kInvariant);
}

}  // namespace sluice::cli
