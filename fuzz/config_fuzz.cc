// Any bytes as a pipeline file: a Spec, or problems that lie in the file and fit a terminal.
#include <algorithm>

#include "config/diagnostic.h"
#include "config/load.h"
#include "input.h"

namespace {

using namespace sluice;

bool IsFitForATerminal(const std::string& text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7F;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::InputFile file(data, size);
  const Environment environment({{"LAKE", "./lake"}, {"KAFKA_BROKERS", "embedded"}});
  const auto spec = LoadSpec(file.path(), environment);
  if (spec) {
    fuzz::Check(!spec->pipeline.empty() && !spec->bronze.columns.empty(), "an empty Spec");
    return 0;
  }
  const auto& found = spec.error();
  fuzz::Check(!found.items.empty(), "refused without a reason");
  const int lines = static_cast<int>(std::count(data, data + size, '\n')) + 1;
  for (const auto& item : found.items) {
    fuzz::Check(item.code.starts_with("E0") && !item.message.empty(), "no reason", item.message);
    fuzz::Check(item.place.line >= 0 && item.place.line <= lines, "outside of the file",
                item.message);
  }
  const std::string rendered = Render(found, false);
  fuzz::Check(IsFitForATerminal(rendered), "a control character", rendered);
  fuzz::Check(IsFitForATerminal(RenderJson(found)), "a control character", rendered);
  return 0;
}
