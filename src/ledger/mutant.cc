// The one object in which the wrong programs differ: tests/faults/CMakeLists.txt compiles it anew
// for each (-DSLUICE_MUTANT=kNoPredicate …), and the linker leaves out the library's.
#include "ledger/mutant.h"

#ifdef SLUICE_MUTANTS
#ifndef SLUICE_MUTANT
#define SLUICE_MUTANT kNone
#endif

namespace sluice {

const Mutant kMutant = Mutant::SLUICE_MUTANT;

}  // namespace sluice
#endif
