#include "config/units.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Units, ReadsDurations) {
  EXPECT_EQ(ParseDuration("500ms").value(), 500);
  EXPECT_EQ(ParseDuration("30s").value(), 30'000);
  EXPECT_EQ(ParseDuration("5m").value(), 300'000);
  EXPECT_EQ(ParseDuration("1h").value(), 3'600'000);
  EXPECT_EQ(ParseDuration("2d").value(), 172'800'000);
  EXPECT_EQ(ParseDuration("0").value(), 0);
}

TEST(Units, ReadsSpans) {
  EXPECT_EQ(ParseSpan("10y").value(), 315'576'000'000);
  EXPECT_EQ(ParseSpan("1d").value(), 86'400'000);
  EXPECT_EQ(ParseSpan("0").value(), 0);
  EXPECT_EQ(ParseSpan("10 years").error().hint, "10y");
  EXPECT_EQ(ParseSpan("10").error().hint, "10d");
  for (const char* text : {"", "y", "-1y", "1.5y", "1 y", "9999999999y", "1w"}) {
    EXPECT_FALSE(ParseSpan(text)) << text;
  }
}

TEST(Units, SaysWhatWasMeant) {
  EXPECT_EQ(ParseDuration("30").error().hint, "30s");
  EXPECT_EQ(ParseDuration("30 seconds").error().hint, "30s");
  EXPECT_EQ(ParseDuration("5 Min").error().hint, "5m");
  EXPECT_EQ(ParseDuration("2hours").error().hint, "2h");
  EXPECT_EQ(ParseDuration("1S").error().hint, "1s");
  EXPECT_EQ(ParseDuration("10 millis").error().hint, "10ms");
  EXPECT_EQ(ParseSize("128mb").error().hint, "128MB");
  EXPECT_EQ(ParseSize("128 mib").error().hint, "128MiB");
  EXPECT_EQ(ParseSize("128M").error().hint, "128MiB");
  EXPECT_EQ(ParseSize("1k").error().hint, "1KiB");
  EXPECT_EQ(ParseInteger("50,000").error().hint, "50000");
  EXPECT_EQ(ParseInteger("1_000_000").error().hint, "1000000");
}

TEST(Units, RefusesWhatIsNone) {
  for (const char* text : {"", "s", "-5s", "1.5s", "5y", "5 s", "99999999999999999999s",
                           "9999999999999999d", "0x10s", "1e3s", "+5s"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
  for (const char* text : {"", "MiB", "-1", "1.5GiB", "9999999999GiB", "1 KiB", "1TB"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
  for (const char* text : {"", "1.0", "0x10", "1e3", "+5", " 5", "5 ", "99999999999999999999"}) {
    EXPECT_FALSE(ParseInteger(text)) << text;
  }
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(ParseSize("64KB").value(), 64'000);
  EXPECT_EQ(ParseSize("64KiB").value(), 65'536);
  EXPECT_EQ(ParseSize("128MiB").value(), 128 << 20);
  EXPECT_EQ(ParseSize("1GB").value(), 1'000'000'000);
  EXPECT_EQ(ParseSize("4096").value(), 4096);
  EXPECT_EQ(ParseSize("4096B").value(), 4096);
}

TEST(Units, ReadsShares) {
  EXPECT_EQ(ParsePercent("50%").value(), 50);
  EXPECT_EQ(ParsePercent("100%").value(), 100);
  EXPECT_EQ(ParsePercent("50").error().hint, "50%");
  EXPECT_EQ(ParsePercent("0.5").error().hint, "50%");
  EXPECT_EQ(ParsePercent("0.05").error().hint, "5%");
  EXPECT_EQ(ParsePercent("0.125").error().hint, "12%");
  for (const char* text : {"", "%", "half", "-5%", "1.5%", "0.", "0.x", "5 %"}) {
    EXPECT_FALSE(ParsePercent(text)) << text;
  }
}

TEST(Units, ReadsInstants) {
  EXPECT_EQ(ParseInstant("1970-01-01T00:00:00Z").value(), 0);
  EXPECT_EQ(ParseInstant("2026-01-01T00:00:00Z").value(), 1'767'225'600'000);
  EXPECT_EQ(ParseInstant("2026-01-01 02:00:00+02:00").value(), 1'767'225'600'000);
  EXPECT_EQ(ParseInstant("2025-12-31T18:30:00-05:30").value(), 1'767'225'600'000);
  EXPECT_EQ(ParseInstant("1969-12-31T23:59:59.999Z").value(), -1);
  EXPECT_EQ(ParseInstant("2024-02-29T00:00:00.1234567Z").value(), 1'709'164'800'123);
}

TEST(Units, RefusesInstantsThatAreNone) {
  for (const char* text :
       {"", "now", "2026", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00Z", "2026-01-01T00:00:00+2", "2026-1-1T00:00:00Z"}) {
    EXPECT_FALSE(ParseInstant(text)) << text;
  }
  EXPECT_EQ(ParseInstant("2026-01-01").error().hint, "2026-01-01T00:00:00Z");
  EXPECT_EQ(ParseInstant("2026-01-01T00:00:00").error().hint, "2026-01-01T00:00:00Z");
}

}  // namespace
}  // namespace sluice
