// Runs tests/cases/decode/*.test. A case is a line `== name`, then lines of one word and a text:
//   column NAME | TYPE [required]      option NAME VALUE      part TRANSFORM COLUMN
//   key TEXT   header NAME=TEXT   timestamp MS        for the next record
//   record TEXT, or tombstone
//   row A | B | _rest {…}, or reject REASON [FIELD], or skipped    what becomes of it
//   detail TEXT                        what the reject's detail holds
// All records of a case are one batch. In TEXT, `\xHH` is a byte and `${N*text$}` N times the text;
// rows show what is no printable ASCII so.
#include "decode/json_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "core/text.h"
#include "decode/testing.h"

namespace sluice {
namespace {

using testing::HasSubstr;

struct CaseRecord {
  std::optional<std::string> value{};
  std::optional<std::string> key{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<int64_t> timestamp_ms{};
  std::string outcome{};
  std::string detail{};
};

struct Case {
  std::string place{};
  std::string name{};
  BronzeSpec spec{};
  std::vector<CaseRecord> records{};
};

int64_t ToNumber(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string Bytes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\\x")) {
      int byte = 0;
      std::from_chars(text.data() + i + 2, text.data() + i + 4, byte, 16);
      bytes += static_cast<char>(byte);
      i += 3;
    } else if (text.substr(i).starts_with("${")) {
      const size_t star = text.find('*', i);
      const size_t end = text.find("$}", star);
      const std::string piece = Bytes(text.substr(star + 1, end - star - 1));
      for (int64_t n = ToNumber(text.substr(i + 2)); n > 0; --n) bytes += piece;
      i = end + 1;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

NumberPolicy ToPolicy(std::string_view text) {
  return text == "keep"         ? NumberPolicy::kKeep
         : text == "quarantine" ? NumberPolicy::kQuarantine
                                : NumberPolicy::kNull;
}

void SetOption(DecodeOptions& options, const std::string& name, const std::string& value) {
  if (name == "nan")
    options.nan = ToPolicy(value);
  else if (name == "infinity")
    options.infinity = ToPolicy(value);
  else if (name == "unknown_fields")
    options.unknown_fields = UnknownFields::kQuarantine;
  else if (name == "coerce")
    options.coerce = true;
  else if (name == "case_insensitive")
    options.case_insensitive = true;
  else if (name == "strip_nul")
    options.strip_nul = true;
  else if (name == "max_message_bytes")
    options.max_message_bytes = ToNumber(value);
  else if (name == "max_field_bytes")
    options.max_field_bytes = ToNumber(value);
  else if (name == "max_fields")
    options.max_fields = static_cast<int32_t>(ToNumber(value));
  else if (name == "max_depth")
    options.max_depth = static_cast<int32_t>(ToNumber(value));
  else if (name == "timestamp_unit")
    options.timestamp_unit = value;
  else if (name == "timestamp_zone")
    options.timestamp_zone = value;
  else
    FAIL() << "unknown option " << name;
}

Field ToField(std::string_view text) {
  const size_t bar = text.rfind(" | ");
  Field field{Bytes(text.substr(0, bar)), {}};
  std::string_view type = text.substr(bar + 3);
  field.required = type.ends_with(" required");
  if (field.required) type.remove_suffix(9);
  field.type = ParseType(type).value();
  return field;
}

void AddLine(Case& test, CaseRecord& next, const std::string& word, const std::string& text) {
  const size_t space = text.find(' ');
  const size_t equals = text.find('=');
  if (word == "column") {
    test.spec.columns.push_back(ToField(text));
  } else if (word == "option") {
    SetOption(test.spec.decode, text.substr(0, space), text.substr(space + 1));
  } else if (word == "part") {
    test.spec.partition_by.push_back({text.substr(0, space), text.substr(space + 1)});
  } else if (word == "key") {
    next.key = Bytes(text);
  } else if (word == "header") {
    next.headers.emplace_back(Bytes(text.substr(0, equals)), Bytes(text.substr(equals + 1)));
  } else if (word == "timestamp") {
    next.timestamp_ms = ToNumber(text);
  } else if (word == "record") {
    next.value = Bytes(text);
    test.records.push_back(std::exchange(next, {}));
  } else if (word == "tombstone") {
    test.records.push_back(std::exchange(next, {}));
  } else if (word == "row") {
    test.records.back().outcome = text;
  } else if (word == "reject") {
    test.records.back().outcome = "! " + text;
  } else if (word == "skipped") {
    test.records.back().outcome = word;
  } else if (word == "detail") {
    test.records.back().detail = text;
  } else {
    ADD_FAILURE() << test.place << ": unknown word " << word;
  }
}

std::vector<Case> ReadCases() {
  std::vector<Case> cases;
  const std::filesystem::path folder = SLUICE_SOURCE_DIR "/tests/cases/decode";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    CaseRecord next;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      if (line.empty() || line[0] == '#') continue;
      if (line.starts_with("== ")) {
        cases.push_back(
            {fmt::format("{}:{}", entry.path().filename().string(), number), line.substr(3)});
        next = {};
        continue;
      }
      const size_t space = std::min(line.find(' '), line.size());
      AddLine(cases.back(), next, line.substr(0, space),
              line.substr(std::min(space + 1, line.size())));
    }
  }
  return cases;
}

RawBatch ToBatch(const std::vector<CaseRecord>& records) {
  std::vector<std::string> values;
  for (const auto& record : records) values.push_back(record.value.value_or(""));
  RawBatch batch = json::MakeBatch(values);
  for (size_t i = 0; i < records.size(); ++i) {
    Record& made = batch.records[i];
    if (!records[i].value) made.value.reset();
    if (records[i].key) made.key = batch.arena->Copy(*records[i].key);
    made.timestamp_ms = records[i].timestamp_ms;
    for (const auto& [name, value] : records[i].headers) {
      RecordHeader header{batch.arena->Copy(name), batch.arena->Copy(value)};
      if (value == "null") header.value.reset();
      made.headers.push_back(header);
    }
  }
  return batch;
}

void PrintTo(const Case& test, std::ostream* out) {
  *out << test.place;
}

class JsonDecoderTest : public testing::TestWithParam<Case> {};

TEST_P(JsonDecoderTest, DecidesAsTheCaseSays) {
  const Case& test = GetParam();
  SCOPED_TRACE(test.place);
  auto decoder = MakeJsonDecoder(test.spec);
  ASSERT_TRUE(decoder.has_value()) << decoder.error().message;
  const RawBatch batch = ToBatch(test.records);
  const auto decoded = (*decoder)->Decode(batch);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const auto outcomes = json::OutcomesAsText(test.spec, batch, *decoded);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const std::string expected = json::BytesAsText(Bytes(test.records[i].outcome));
    EXPECT_TRUE(outcomes[i] == expected)
        << "record " << i + 1 << ": "
        << json::BytesAsText(batch.records[i].value.value_or("")).substr(0, 200) << "\n  is "
        << outcomes[i].substr(0, 300) << "\n not " << expected.substr(0, 300);
  }
  for (const auto& reject : decoded->rejects) {
    EXPECT_THAT(reject.detail,
                HasSubstr(test.records[static_cast<size_t>(reject.id.offset.value)].detail));
    EXPECT_LE(reject.detail.size(), 1024U);
    EXPECT_EQ(EscapeControl(reject.detail), reject.detail);
  }
}

std::string CaseName(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return fmt::format("{:03}_{}", info.index, name);
}

INSTANTIATE_TEST_SUITE_P(Cases, JsonDecoderTest, testing::ValuesIn(ReadCases()), CaseName);

}  // namespace
}  // namespace sluice
