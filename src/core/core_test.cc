#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "core/name_uuid.h"
#include "core/pause.h"
#include "core/result.h"
#include "core/text.h"
#include "core/types.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

TEST(CoreTest, ControlBytesCannotSteerATerminal) {
  EXPECT_EQ(EscapeControl("a\x1b[31mb\n\x7f"), "a\\x1b[31mb\\x0a\\x7f");
  EXPECT_EQ(EscapeControl("\xE2\x80\xAE"
                          "abc"),
            "\\u202eabc");
  EXPECT_EQ(EscapeControl("\xFF\xC0\x80"), "\\xff\\xc0\\x80");
  EXPECT_EQ(EscapeControl("\xC2\x9B"), "\\x9b");
  EXPECT_EQ(EscapeControl("日本 é 😀"), "日本 é 😀");
}

TEST(CoreTest, JsonQuoteIsAlwaysJson) {
  EXPECT_EQ(JsonQuote("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
  EXPECT_EQ(JsonQuote("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(CoreTest, CutNeverHalvesACharacter) {
  EXPECT_EQ(CutUtf8("aé", 2), "a");
  EXPECT_EQ(CutUtf8("aé", 3), "aé");
  EXPECT_EQ(CutUtf8("😀", 3), "");
}

TEST(CoreTest, QuotesForSql) {
  EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

TEST(CoreTest, NearestNamesWhatWasMeant) {
  const std::vector<std::string> keys{"format", "columns", "partition_by"};
  EXPECT_EQ(Nearest("fromat", keys), "format");
  EXPECT_EQ(Nearest("colums", keys), "columns");
  EXPECT_EQ(Nearest("zzz", keys), "");
}

TEST(CoreTest, SplitsAndJoins) {
  EXPECT_THAT(Split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
  EXPECT_EQ(Join(std::vector<std::string>{"a", "b"}, ", "), "a, b");
}

TEST(CoreTest, NumbersForPeople) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(-1234567), "-1,234,567");
  EXPECT_EQ(WithThousands(999), "999");
}

TEST(CoreTest, HashIsSha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(CoreTest, UuidsAreRandomVersionFour) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(Uuid::Random().value);
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_THAT(*seen.begin(), MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                          "[0-9a-f]{12}"));
}

TEST(CoreTest, NamedUuidsAreVersionFive) {
  // RFC 9562, appendix A.4.
  const Uuid dns{"6ba7b810-9dad-11d1-80b4-00c04fd430c8"};
  EXPECT_EQ(NameUuid(dns, "www.example.com").value, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(CoreTest, EveryKindHasAnExitCodeOfProductMd) {
  const std::set<int> known{2, 64, 65, 69, 70, 75, 78};
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kShutdown); ++kind) {
    EXPECT_TRUE(known.contains(ExitCode(static_cast<ErrorKind>(kind)))) << kind;
  }
  EXPECT_EQ(ExitCode(ErrorKind::kInvariant), 70);
  EXPECT_EQ(ExitCode(ErrorKind::kRetryable), 69);
}

Result<int> Half(int number) {
  if (number % 2 != 0) return Fail(ErrorKind::kBadData, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  SLUICE_ASSIGN(const int half, Half(number));
  SLUICE_TRY(Half(half));
  return half / 2;
}

TEST(CoreTest, ErrorsAreHandedOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message, "odd");
  EXPECT_EQ(Quarter(7).error().kind, ErrorKind::kBadData);
}

TEST(CoreTest, PauseHearsAStop) {
  std::stop_source stop;
  EXPECT_TRUE(PauseFor(std::chrono::milliseconds(1), stop.get_token()));
  stop.request_stop();
  EXPECT_FALSE(PauseFor(std::chrono::hours(1), stop.get_token()));
}

}  // namespace
}  // namespace sluice
