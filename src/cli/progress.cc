#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "cli/output.h"
#include "core/log.h"
#include "core/text.h"

namespace sluice::cli {
namespace {

constexpr int64_t kLineEveryMs = 10'000;
constexpr int kBarWidth = 24;

size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

std::string Bar(int64_t done, int64_t total) {
  const int64_t part =
      std::clamp<int64_t>(done * kBarWidth / std::max<int64_t>(total, 1), 0, kBarWidth);
  std::string bar = "[";
  for (int i = 0; i < kBarWidth; ++i) bar += i < part ? "█" : "░";
  return fmt::format("{}] {:>3}% ", bar,
                     std::clamp<int64_t>(done * 100 / std::max<int64_t>(total, 1), 0, 100));
}

}  // namespace

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(IsTerminal(STDERR_FILENO)) {}

double Pace::Note(int64_t done, int64_t total) {
  if (total != total_ || done < last_) {
    total_ = total;
    from_ = done;
    since_ = Now();
  }
  last_ = done;
  const auto ms = static_cast<double>(ElapsedMs(since_));
  return ms < 1'000 ? 0 : static_cast<double>(done - from_) * 1'000 / ms;
}

void ProgressLine::Show(const std::string& what, int64_t done, int64_t total) {
  if (quiet_ || what.empty()) return;
  std::string text = what;
  const double pace = total > 0 ? pace_.Note(done, total) : 0;
  if (pace > 0 && done < total) {
    text += fmt::format("  {} left", Duration(static_cast<double>(total - done) / pace));
  }
  if (terminal_) {
    const std::string line = (total > 0 ? Bar(done, total) : "") + text;
    // The bar's blocks are three bytes but one column each.
    const size_t extra = total > 0 ? 2 * kBarWidth : 0;
    Tell("\r\x1b[K" + std::string(CutUtf8(line, TerminalWidth() - 1 + extra)));
    open_ = true;
    return;
  }
  if (written_ != SteadyTime{} && ElapsedMs(written_) < kLineEveryMs) return;
  // The first line only starts the clock: short work needs none.
  if (written_ != SteadyTime{}) Log(LogLevel::kInfo, "progress", {{"text", text}});
  written_ = Now();
}

void ProgressLine::End() {
  if (open_) Tell("\n");
  open_ = false;
}

std::string Rate(double per_second) {
  if (per_second >= 1'000'000) return fmt::format("{:.2f}M/s", per_second / 1e6);
  if (per_second >= 10'000) return fmt::format("{:.0f}k/s", per_second / 1e3);
  return fmt::format("{:.0f}/s", per_second);
}

std::string Bytes(int64_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (bytes >= 1 << 30) return fmt::format("{:.1f} GiB", size / (1 << 30));
  if (bytes >= 1 << 20) return fmt::format("{:.1f} MiB", size / (1 << 20));
  if (bytes >= 1 << 10) return fmt::format("{:.1f} KiB", size / (1 << 10));
  return fmt::format("{} B", bytes);
}

std::string Duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  return fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace sluice::cli
