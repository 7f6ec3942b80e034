#include "cli/args.h"

int main(int argc, char** argv) {
  return sluice::cli::Dispatch(argc, argv);
}
