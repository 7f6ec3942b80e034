// The decoder against the reference and, where it can judge, nlohmann's parser, on documents made
// at random and then damaged. The seed is fixed: a failure comes again.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "decode/json_decoder.h"
#include "decode/reference_rows.h"
#include "decode/testing.h"

namespace sluice::json {
namespace {

constexpr int kBatches = 160;
constexpr int kRecordsPerBatch = 250;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string Document() {
    std::string text = Object(Names(), 0);
    if (Chance(6)) text = Pick({" ", "\n", "\t \r"}) + text + Pick({" ", "\n", ""});
    if (Chance(40)) text = Value(0);
    for (size_t n = Chance(3) ? 1 + Below(3) : 0; n > 0 && !text.empty(); --n) Damage(text);
    return text;
  }

 private:
  size_t Below(size_t limit) { return random_() % limit; }
  bool Chance(size_t one_in) { return Below(one_in) == 0; }
  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }

  static std::vector<std::string> Names() {
    return {"n",  "l", "d", "f", "m", "w", "s", "a longer name",      "b", "st",      "li",
            "ls", "x", "y", "z", "k", "v", "",  "an undeclared name", "N", "\\u006e", "\\u0078"};
  }

  std::string Blank() { return Chance(4) ? " " : ""; }

  std::string Object(const std::vector<std::string>& names, int depth) {
    std::string text = "{";
    for (const auto& name : names) {
      if (name != "l" && !Chance(2)) continue;
      if (name.starts_with("\\") && !Chance(20)) continue;
      text += (text == "{" ? "" : ",") + Blank() + "\"" + name + "\"" + Blank() + ":" + Blank() +
              (Chance(60) ? Value(depth) : Fitting(name, depth)) + Blank();
      if (Chance(200)) text += ",\"" + name + "\":1";
    }
    return text + "}";
  }

  std::string Fitting(const std::string& name, int depth) {
    if (name == "n" || name == "l" || name == "x") return Integer();
    if (name == "d" || name == "f" || name == "v") return Number();
    if (name == "m" || name == "w")
      return Integer() + (Chance(2) ? "." + Digits(1 + Below(Chance(20) ? 3 : 2)) : "");
    if (name == "s" || name == "a longer name" || name == "y" || name == "k") return String();
    if (name == "b") return Pick({"true", "false"});
    if (name == "st") return Object({"x", "y", "z", "more"}, depth + 1);
    if (name == "li" || name == "z") return List([&] { return Integer(); });
    if (name == "ls") return List([&] { return Object({"k", "v", "v", "u"}, depth + 1); });
    return Value(depth);
  }

  template <typename Make>
  std::string List(Make make) {
    std::string text = "[";
    for (size_t n = Below(4); n > 0; --n) text += make() + Blank() + (n > 1 ? "," : "");
    return text + "]";
  }

  std::string Value(int depth) {
    switch (Below(depth > 3 ? 6 : 9)) {
      case 0:
        return Pick({"null", "true", "false"});
      case 1:
        return Pick({"NaN", "Infinity", "-Infinity", "null"});
      case 2:
        return Integer();
      case 3:
        return Number();
      case 4:
      case 5:
        return String();
      case 6:
        return List([&] { return Value(depth + 1); });
      default:
        return Object(Names(), depth + 1);
    }
  }

  std::string Digits(size_t count) {
    std::string digits;
    while (digits.size() < count) digits += static_cast<char>('0' + Below(Chance(3) ? 1 : 10));
    return digits;
  }

  std::string Integer() {
    static const std::vector<std::string> edges{"0",
                                                "-0",
                                                "2147483647",
                                                "2147483648",
                                                "-2147483648",
                                                "-2147483649",
                                                "9223372036854775807",
                                                "9223372036854775808",
                                                "-9223372036854775808",
                                                "-9223372036854775809",
                                                "9007199254740993",
                                                "18446744073709551616",
                                                "99999999.99",
                                                "100000000",
                                                "1e3",
                                                "15e-1",
                                                "1500e-2",
                                                "1.0",
                                                "0.0"};
    if (Chance(25)) return Pick(edges);
    return (Chance(4) ? "-" : "") + std::to_string(1 + Below(9)) +
           Digits(Below(Chance(40) ? 45 : 6));
  }

  std::string Number() {
    std::string text = Integer();
    if (text.find_first_of(".e") == text.npos && Chance(2)) text += "." + Digits(1 + Below(20));
    if (text.find('e') == text.npos && Chance(5)) {
      text +=
          Pick({"e", "E"}) + Pick({"", "+", "-"}) + std::to_string(Below(Chance(40) ? 500 : 20));
    }
    return text;
  }

  std::string String() {
    std::string text = "\"";
    for (size_t n = Below(Chance(5) ? 60 : 14); n > 0; --n) {
      if (!Chance(30))
        text += static_cast<char>('a' + Below(26));
      else if (Chance(40))
        text += Pick({"\\ud83d", "\\ude00", "\\u0000"});
      else
        text += Pick({"\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "\xC3\xA9",
                      "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\\/", "{", "]", ":", ","});
    }
    return text + "\"";
  }

  void Damage(std::string& text) {
    const size_t at = Below(text.size());
    static const std::string bytes = "{}[]:,\"\\ \n0123456789-+.eEtfnNaIu\x01\x7F\x80\xC3\xFF/'";
    switch (Below(6)) {
      case 0:
        text[at] = bytes[Below(bytes.size())];
        break;
      case 1:
        text.insert(at, 1, bytes[Below(bytes.size())]);
        break;
      case 2:
        text.erase(at, 1 + Below(3));
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.insert(at, text.substr(Below(text.size()), Below(12)));
        break;
      default:
        text[at] = static_cast<char>(Below(256));
        break;
    }
  }

  std::mt19937_64 random_;
};

bool IsGrammarReject(const std::string& outcome) {
  for (const char* reason :
       {"! json_syntax", "! trailing_data", "! invalid_utf8", "! empty_value"}) {
    if (outcome.starts_with(reason)) return true;
  }
  return false;
}

bool HasExponent(const std::string& text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if ((text[i] == 'e' || text[i] == 'E') && isdigit(static_cast<unsigned char>(text[i - 1]))) {
      return true;
    }
  }
  return false;
}

// Whether nlohmann's verdict is one of grammar: it knows no NaN, and refuses what no double holds
// and half surrogate pairs, whatever else is wrong.
bool CanJudge(const std::string& text, const std::string& outcome) {
  return text.find("NaN") == text.npos && text.find("Infinity") == text.npos &&
         text.find("\\ud") == text.npos && !HasExponent(text) &&
         !text.starts_with("\xEF\xBB\xBF") && !outcome.starts_with("! unexpected");
}

TEST(JsonDifferentialTest, AgreesWithTheReference) {
  Generator generator(20'240'229);
  const BronzeSpec spec = reference::ReferenceSpec();
  auto decoder = MakeJsonDecoder(spec).value();
  size_t rows = 0;
  size_t judged = 0;
  for (int n = 0; n < kBatches; ++n) {
    std::vector<std::string> values;
    for (int i = 0; i < kRecordsPerBatch; ++i) values.push_back(generator.Document());
    const RawBatch batch = MakeBatch(values);
    const auto decoded = decoder->Decode(batch);
    ASSERT_TRUE(decoded.has_value());
    rows += RowCount(decoded->rows);
    const auto outcomes = OutcomesAsText(spec, batch, *decoded);
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(outcomes[i], reference::Rows(values[i], spec).Outcome()) << BytesAsText(values[i]);
      if (!CanJudge(values[i], outcomes[i])) continue;
      ++judged;
      ASSERT_EQ(nlohmann::json::accept(values[i]), !IsGrammarReject(outcomes[i]))
          << BytesAsText(values[i]) << "\n"
          << outcomes[i];
    }
  }
  // The comparison means nothing when nearly all is refused, or nothing is.
  EXPECT_GT(rows, kBatches * kRecordsPerBatch / 10U);
  EXPECT_LT(rows, kBatches * kRecordsPerBatch * 9U / 10);
  EXPECT_GT(judged, kBatches * kRecordsPerBatch / 5U);
}

}  // namespace
}  // namespace sluice::json
