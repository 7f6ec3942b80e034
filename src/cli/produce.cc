#include "source/produce.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "cli/args.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "core/text.h"
#include "pipeline/services.h"
#include "stage/schema.h"

namespace sluice::cli {
namespace {

// Reads `Column=type` items; the last `=` parts them, a column may hold others.
Result<std::vector<Field>> ParseTypes(const std::vector<std::string>& items) {
  std::vector<Field> fields;
  for (const auto& item : items) {
    const size_t at = item.rfind('=');
    if (at == std::string::npos || at == 0) {
      return Fail(ErrorKind::kUsage, fmt::format("`{}` is not of the form Column=type", item),
                  "for example --type 'First published=int'");
    }
    auto type = ParseType(std::string_view(item).substr(at + 1));
    if (!type) return Fail(ErrorKind::kUsage, type.error().message, type.error().hint);
    fields.push_back({item.substr(0, at), *std::move(type)});
  }
  return fields;
}

// What --type says, then what bronze declares: a column declared `string` keeps its digits a text.
// Lines of JSON have their types.
Result<std::vector<Field>> DeclaredTypes(const Spec& spec, const ProduceArgs& args,
                                         bool sends_lines) {
  SLUICE_ASSIGN(auto fields, ParseTypes(args.types));
  if (sends_lines) return fields;
  fields.insert(fields.end(), spec.bronze.columns.begin(), spec.bronze.columns.end());
  return fields;
}

Result<ProduceOptions> OptionsOf(const Spec& spec, const ProduceArgs& args) {
  ProduceOptions options;
  options.topic = spec.source.topic;
  options.group = spec.source.group;
  options.options = spec.source.options;
  options.csv = args.csv;
  options.lines = args.lines;
  options.delay_ms = args.delay_ms;
  options.rate = args.rate;
  options.key = args.key;
  options.repeat = args.repeat;
  options.create_partitions = args.create_partitions;
  options.acks_file = args.acks_file;
  options.wait_ms = args.wait_s * 1000;
  SLUICE_ASSIGN(options.declared, DeclaredTypes(spec, args, options.SendsLines()));
  if (args.delimiter == "\\t" || args.delimiter == "tab") {
    options.delimiter = '\t';
  } else if (args.delimiter.size() == 1) {
    options.delimiter = args.delimiter[0];
  } else if (!args.delimiter.empty()) {
    return Fail(ErrorKind::kUsage, "--delimiter takes one character, or `tab`");
  }
  return options;
}

std::string ProgressText(const ProduceProgress& progress, double seconds) {
  std::string text = fmt::format(
      "{} sent, {} confirmed  {}", WithThousands(progress.rows_read), WithThousands(progress.acked),
      Rate(seconds > 0 ? static_cast<double>(progress.acked) / seconds : 0));
  if (!progress.waiting.empty()) text += "  waiting: " + EscapeControl(progress.waiting);
  return text;
}

void PrintSummary(const CommonArgs& common, const ProduceOptions& options,
                  const ProduceSummary& summary) {
  if (common.json()) {
    Print(nlohmann::json{{"topic", options.topic},
                         {"rows", summary.rows_read},
                         {"acknowledged", summary.acked},
                         {"bytes", summary.value_bytes},
                         {"seconds", static_cast<double>(summary.elapsed_ms) / 1000},
                         {"stopped", summary.stopped}}
              .dump() +
          "\n");
    return;
  }
  Print(fmt::format("{} records to topic `{}` in {}, each confirmed ({}){}\n",
                    WithThousands(summary.acked), options.topic,
                    Duration(static_cast<double>(summary.elapsed_ms) / 1000),
                    Bytes(summary.value_bytes), summary.stopped ? "; stopped before the end" : ""));
}

// Waits for the broker of `sluice run`, which may still be starting.
Result<BrokerUse> FindBroker(const CommonArgs& common, const Spec& spec, const ProduceArgs& args,
                             std::stop_token stop) {
  BrokerUse broker;
  std::string told;
  const OpenOptions open{
      .wait = std::chrono::seconds(args.wait_s),
      .stop = stop,
      .on_wait = [&](const std::string& reason) {
        if (!reason.empty() && reason != told && !common.json()) {
          Tell("sluice: " + reason + "; start `sluice run` in another terminal\n");
        }
        told = reason;
      }};
  SLUICE_TRY(WaitFor("a broker", open, [&]() -> Status {
    SLUICE_ASSIGN(broker, OpenBroker(spec, false));
    return {};
  }));
  return broker;
}

}  // namespace

int Produce(const CommonArgs& common, const ProduceArgs& args) {
  int exit_code = 0;
  const auto spec = Load(common, exit_code);
  if (!spec) return exit_code;
  auto options = OptionsOf(*spec, args);
  if (!options) return Failed(common, options.error());
  const StopOnSignal stop;
  const auto broker = FindBroker(common, *spec, args, stop.token());
  if (!broker) return Failed(common, broker.error());
  options->brokers = broker->bootstrap;
  options->embedded = broker->embedded;
  ProgressLine line(common.json());
  const SteadyTime start = Now();
  const auto summary = sluice::Produce(
      *options,
      [&](const ProduceProgress& progress) {
        line.Show(ProgressText(progress, static_cast<double>(ElapsedMs(start)) / 1000),
                  progress.bytes, progress.total_bytes);
      },
      stop.token());
  line.End();
  if (!summary) return Failed(common, summary.error());
  PrintSummary(common, *options, *summary);
  return summary->stopped ? ExitCode(ErrorKind::kShutdown) : 0;
}

}  // namespace sluice::cli
