#include "source/csv.h"

#include <gmock/gmock.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "core/text.h"
#include "source/csv_json.h"
#include "source/csv_types.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// One case of tests/cases/csv/csv.test.
struct Case {
  std::string name;
  std::string csv;
  CsvOptions options;
  std::string header;
  std::string types;
  std::vector<std::string> json;
  std::string error;
};

std::string Unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n':
        plain += '\n';
        break;
      case 'r':
        plain += '\r';
        break;
      case 't':
        plain += '\t';
        break;
      case '0':
        plain += '\0';
        break;
      case 'x': {
        uint8_t byte = 0;
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
        plain += static_cast<char>(byte);
        i += 2;
        break;
      }
      default:
        plain += text[i];
        break;
    }
  }
  return plain;
}

void TakeLine(std::string_view word, std::string_view rest, Case& item) {
  if (word == "csv") item.csv = Unescape(rest);
  if (word == "delimiter") item.options.delimiter = rest[0];
  if (word == "limit") {
    std::from_chars(rest.data(), rest.data() + rest.size(), item.options.max_row_bytes);
  }
  if (word == "header") item.header = rest;
  if (word == "types") item.types = rest;
  if (word == "json") item.json.emplace_back(rest);
  if (word == "error") item.error = rest;
}

std::vector<Case> ReadCases() {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/cases/csv/csv.test");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.find(' ');
    const std::string_view rest = std::string_view(line).substr(blank + 1);
    if (line.starts_with("== ")) {
      cases.push_back({.name = std::string(rest),
                       .csv = {},
                       .options = {},
                       .header = {},
                       .types = {},
                       .json = {},
                       .error = {}});
    } else {
      TakeLine(std::string_view(line).substr(0, blank), rest, cases.back());
    }
  }
  return cases;
}

class CsvTest : public testing::Test {
 protected:
  CsvTest() {
    std::string pattern = testing::TempDir() + "sluice-csv-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CsvTest() override { std::filesystem::remove_all(folder_); }
  std::string File(const std::string& text) const {
    std::ofstream(folder_ + "/x.csv", std::ios::binary) << text;
    return folder_ + "/x.csv";
  }

  // What the file becomes, in the words of a Case.
  Case Read(const Case& input) const {
    Case got{.name = input.name,
             .csv = input.csv,
             .options = {},
             .header = {},
             .types = {},
             .json = {},
             .error = {}};
    const std::string path = File(input.csv);
    auto reader = CsvReader::Open(path, input.options);
    if (!reader) {
      got.error = reader.error().message;
      return got;
    }
    got.header = Join((*reader)->header(), " | ");
    CsvTypes types((*reader)->header().size());
    for (;;) {
      const auto found = (*reader)->Next();
      if (!found) got.error = found.error().message;
      if (!found || !*found) break;
      types.Add((*reader)->row());
    }
    const auto guessed = types.Guess((*reader)->header());
    for (const auto& field : guessed) {
      got.types += (got.types.empty() ? "" : " ") + Spell(field.type);
    }
    const CsvJson json(guessed);
    reader = CsvReader::Open(path, input.options);
    for (auto found = (*reader)->Next(); found && *found; found = (*reader)->Next()) {
      json.Append((*reader)->row(), got.json.emplace_back());
    }
    return got;
  }

  std::string folder_;
};

TEST_F(CsvTest, Cases) {
  const auto cases = ReadCases();
  ASSERT_GT(cases.size(), 40);
  for (const auto& expected : cases) {
    SCOPED_TRACE(expected.name);
    const Case got = Read(expected);
    if (!expected.header.empty()) {
      EXPECT_EQ(got.header, expected.header);
    }
    if (!expected.types.empty()) {
      EXPECT_EQ(got.types, expected.types);
    }
    if (!expected.types.empty() && expected.json.empty()) continue;
    EXPECT_EQ(got.json, expected.json);
    EXPECT_EQ(got.error.empty(), expected.error.empty()) << got.error;
    EXPECT_THAT(got.error, HasSubstr(expected.error));
  }
}

TEST_F(CsvTest, ReadsTheBooks) {
  const std::string books = SLUICE_SOURCE_DIR "/examples/books/data/best-selling-books.csv";
  const auto reader = *CsvReader::Open(books);
  EXPECT_EQ(reader->header()[0], "Book");
  const auto types = *GuessCsvTypes(books);
  const CsvJson to_json(types);
  int rows = 0;
  std::vector<std::string> without_genre;
  while (*reader->Next()) {
    ++rows;
    std::string json;
    to_json.Append(reader->row(), json);
    if (reader->row()[5].IsNull()) without_genre.push_back(json);
  }
  EXPECT_EQ(rows, 174);
  EXPECT_EQ(reader->bytes_read(), reader->total_bytes());
  ASSERT_FALSE(without_genre.empty());
  EXPECT_EQ(without_genre[0],
            "{\"Book\":\"The Bermuda Triangle\",\"Author(s)\":\"Charles Berlitz\","
            "\"Original language\":\"English\",\"First published\":1974,"
            "\"Approximate sales in millions\":20,\"Genre\":null}");
  std::string spelled;
  for (const auto& field : types) spelled += Spell(field.type) + " ";
  EXPECT_EQ(spelled, "string string string int double string ");
}

// Rows of all lengths across the buffer's end, the same whatever lies where.
TEST_F(CsvTest, RowsAcrossTheBuffer) {
  std::string text = "a,b\n";
  std::vector<std::string> expected;
  for (size_t i = 0; i < 3000; ++i) {
    const std::string filler(i * 7919 % 2503, 'x');
    text += "\"" + filler + "\"\"\r\n\"," + std::to_string(i) + "\r\n";
    expected.push_back(filler + "\"\r\n");
  }
  const auto reader = *CsvReader::Open(File(text));
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto found = reader->Next();
    ASSERT_TRUE(found && *found) << i;
    ASSERT_EQ(reader->row()[0].text, expected[i]) << i;
    ASSERT_EQ(reader->row()[1].text, std::to_string(i));
    ASSERT_EQ(reader->line(), static_cast<int64_t>(2 + 2 * i));
  }
  EXPECT_FALSE(*reader->Next());
}

TEST_F(CsvTest, OneRowMayFillTenMebibytes) {
  const std::string big(9 << 20, 'x');
  const auto reader = *CsvReader::Open(File("a,b\n" + big + ",\"" + "y" + "\"\n1,2\n"));
  ASSERT_TRUE(*reader->Next());
  EXPECT_EQ(reader->row()[0].text.size(), big.size());
  ASSERT_TRUE(*reader->Next());
  EXPECT_EQ(reader->row()[0].text, "1");

  const auto open_quote = *CsvReader::Open(File("a,b\n1,\"" + big + big));
  const auto failed = open_quote->Next();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr(":2: the row is longer than 10485760 bytes"));
  EXPECT_THAT(failed.error().hint, HasSubstr("quote"));
}

TEST_F(CsvTest, NamesAFileThatCannotBeRead) {
  const auto absent = CsvReader::Open(folder_ + "/absent.csv");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, ErrorKind::kBadInput);
  EXPECT_THAT(absent.error().message, HasSubstr("No such file"));
  const auto folder = CsvReader::Open(folder_);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().kind, ErrorKind::kBadInput);
}

TEST_F(CsvTest, DeclaredTypesDecide) {
  const std::vector<Field> declared{{.name = "a", .type = {.kind = TypeKind::kBool}},
                                    {.name = "b", .type = {.kind = TypeKind::kInt}},
                                    {.name = "c", .type = {.kind = TypeKind::kString}},
                                    {.name = "d", .type = {.kind = TypeKind::kDate}}};
  const CsvJson to_json(declared);
  const auto reader = *CsvReader::Open(File("a,b,c,d\nTrue,nan,5,2024-01-31\nyes,x,nan,\n"));
  std::string json;
  ASSERT_TRUE(*reader->Next());
  to_json.Append(reader->row(), json);
  EXPECT_EQ(json, R"({"a":true,"b":null,"c":"5","d":"2024-01-31"})");
  json.clear();
  ASSERT_TRUE(*reader->Next());
  to_json.Append(reader->row(), json);
  EXPECT_EQ(json, R"({"a":"yes","b":"x","c":"nan","d":null})");
}

}  // namespace
}  // namespace sluice
