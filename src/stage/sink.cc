#include "stage/sink.h"

namespace sluice {

std::string_view Name(Sink sink) {
  return sink == Sink::kLake ? "lake" : "warehouse";
}

}  // namespace sluice
