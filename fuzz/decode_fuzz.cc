// Any bytes as one record between two good ones: the decoder must agree with the reference about
// it, and its neighbours must come through.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "decode/json_decoder.h"
#include "decode/reference_rows.h"
#include "decode/testing.h"

namespace {

using namespace sluice;

const std::string kGood = R"({"l":1,"s":"a neighbour of the record","li":[1,2],"undeclared":[3]})";

void Check(bool holds, const char* what, const std::string& got, const std::string& wanted) {
  if (holds) return;
  std::fprintf(stderr, "%s\n  decoder:   %s\n  reference: %s\n", what, got.c_str(), wanted.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const BronzeSpec spec = json::reference::ReferenceSpec();
  static const auto decoder = MakeJsonDecoder(spec).value();
  const std::string input(reinterpret_cast<const char*>(data), size);
  const RawBatch batch = json::MakeBatch({kGood, input, kGood});
  const auto decoded = decoder->Decode(batch);
  if (!decoded) std::abort();
  const auto outcomes = json::OutcomesAsText(spec, batch, *decoded);
  const auto expect = [&](size_t index, const std::string& value) {
    const std::string wanted = json::reference::Rows(value, spec).Outcome();
    Check(outcomes[index] == wanted, index == 1 ? "the record" : "a neighbour", outcomes[index],
          wanted);
  };
  expect(0, kGood);
  expect(1, input);
  expect(2, kGood);
  return 0;
}
