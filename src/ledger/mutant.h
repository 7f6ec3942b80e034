#pragma once

#include "stage/sink.h"

namespace sluice {

/// Commits that are wrong in ways that look right. The fault suite links one program with each
/// (mutant.cc) and must see it lose or double records: a suite that stays green on a mutant proves
/// nothing. The real program is kNone; a build without the CMake option SLUICE_FAILPOINTS knows no
/// other, and its compiler drops the rest.
enum class Mutant {
  kNone,
  kNoPredicate,     ///< S8 moves the mark whatever it is
  kBlindRetry,      ///< S8 looks at the epoch only; an unknown COMMIT is simply tried again
  kLakeFirst,       ///< the lake's pointers move in a transaction of their own, then the marks
  kDataFirst,       ///< rows and pointers are committed, then the marks
  kMarksFirst,      ///< the marks are committed, then rows and pointers
  kRebaseAndRetry,  ///< a lake commit that is refused goes on top of what is there now
};

#ifdef SLUICE_MUTANTS
extern const Mutant kMutant;
#else
inline constexpr Mutant kMutant = Mutant::kNone;
#endif

inline bool CommitsDataFirst(Sink sink) {
  return kMutant == Mutant::kDataFirst || (kMutant == Mutant::kLakeFirst && sink == Sink::kLake);
}

inline bool IgnoresFence(Sink sink) {
  return kMutant == Mutant::kRebaseAndRetry && sink == Sink::kLake;
}

}  // namespace sluice
