#pragma once

#include <string>

#include "core/clock.h"

namespace sluice::cli {

/// How fast something long goes on.
class Pace {
 public:
  /// Returns units a second since this total was first told; 0 while it is too early to say.
  double Note(int64_t done, int64_t total);

 private:
  int64_t total_ = -1;
  int64_t from_ = 0;
  int64_t last_ = 0;
  SteadyTime since_{};
};

/// One line on stderr that is kept up to date on a terminal, and written anew every 10 s
/// elsewhere. Used by one thread at a time.
class ProgressLine {
 public:
  /// `quiet` never writes (for -o json).
  explicit ProgressLine(bool quiet);
  /// Shows `text`. `total` above 0 puts a bar of done/total before it, and behind it how long the
  /// rest takes at this pace.
  void Show(const std::string& text, int64_t done = 0, int64_t total = 0);
  /// Ends the line so that other output may follow; the last text stays.
  void End();

 private:
  bool quiet_;
  bool terminal_;
  bool open_ = false;
  Pace pace_;
  SteadyTime written_{};
};

/// Returns `12.3k/s`, `840/s`.
std::string Rate(double per_second);
/// Returns `1.2 MiB`.
std::string Bytes(int64_t bytes);
/// Returns `4 s`, `2 min 05 s`.
std::string Duration(double seconds);

}  // namespace sluice::cli
