// Any bytes as a CSV file: each row becomes one JSON object in which a strict parser finds the
// header's names and the fields' texts.
#include "decode/reference.h"
#include "input.h"
#include "source/csv.h"
#include "source/csv_json.h"
#include "source/csv_types.h"

namespace {

using namespace sluice;
using json::reference::Node;
using json::reference::Parser;

constexpr CsvOptions kOptions{.max_row_bytes = 8192};

std::vector<Field> TypesOf(const std::string& path, const std::vector<std::string>& header) {
  if (auto guessed = GuessCsvTypes(path, kOptions)) return *guessed;
  std::vector<Field> columns;
  for (const auto& name : header) columns.push_back({name, {TypeKind::kString}});
  return columns;
}

void CheckField(const CsvField& field, const Node& value, const std::string& json) {
  if (value.kind == Node::kNull) {
    return fuzz::Check(field.IsNull() || IsNanText(field.text), "a value was lost", json);
  }
  fuzz::Check(value.kind == Node::kNumber || value.kind == Node::kString, "neither", json);
  fuzz::Check(value.text == field.text && !value.problem, "another value", json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::InputFile file(data, size);
  auto opened = CsvReader::Open(file.path(), kOptions);
  if (!opened) return 0;
  CsvReader& reader = **opened;
  const auto columns = TypesOf(file.path(), reader.header());
  fuzz::Check(columns.size() == reader.header().size(), "a type for each column");
  const CsvJson writer(columns);
  for (auto more = reader.Next(); more && *more; more = reader.Next()) {
    std::string text;
    writer.Append(reader.row(), text);
    const DecodeOptions options;
    const Node object = Parser(text, options).ParseAll();
    fuzz::Check(object.kind == Node::kObject && object.fields.size() == columns.size(),
                "a field for each column", text);
    for (size_t i = 0; i < columns.size(); ++i) {
      fuzz::Check(object.fields[i].first.text == reader.header()[i], "another name", text);
      CheckField(reader.row()[i], object.fields[i].second, text);
    }
  }
  fuzz::Check(reader.bytes_read() <= static_cast<int64_t>(size), "more was read than there is");
  return 0;
}
