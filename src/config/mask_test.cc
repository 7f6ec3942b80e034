#include "config/mask.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Mask, HidesPasswordsOfAddresses) {
  EXPECT_EQ(MaskSecrets("warehouse: postgres://app:pw@host/db\n"),
            "warehouse: postgres://app:**@host/db\n");
  EXPECT_EQ(MaskSecrets("a: http://u:p@q@h, http://v:w@h"), "a: http://u:***@h, http://v:*@h");
  EXPECT_EQ(MaskSecrets("a: postgres://host:5432/db"), "a: postgres://host:5432/db");
  EXPECT_EQ(MaskSecrets("a: x://u:é@h"), "a: x://u:*@h");
}

TEST(Mask, HidesSettings) {
  EXPECT_EQ(MaskSecrets("w: host=h password=pw dbname=d"), "w: host=h password=** dbname=d");
  EXPECT_EQ(MaskSecrets("w: \"host=h Password = pw\""), "w: \"host=h Password = **\"");
  EXPECT_EQ(MaskSecrets("w: x?password=pw&sslmode=off"), "w: x?password=**&sslmode=off");
}

TEST(Mask, HidesValuesOfKeysNamedLikeSecrets) {
  EXPECT_EQ(MaskSecrets("  sasl.password: pw # x"), "  sasl.password: ******");
  EXPECT_EQ(MaskSecrets("s3: {'secret_key': a, b: c}"), "s3: {'secret_key': ********");
  EXPECT_EQ(MaskSecrets("  ssl.key.pem: pw\r\n"), "  ssl.key.pem: **\r\n");
  EXPECT_EQ(MaskSecrets("  topic: passwords\n  key: [a]\n"), "  topic: passwords\n  key: [a]\n");
}

TEST(Mask, HidesBlocksOfText) {
  EXPECT_EQ(MaskSecrets("  ssl.key.pem: |-\n    one\n\n    two\n  topic: t\n"),
            "  ssl.key.pem: |-\n    ***\n\n    ***\n  topic: t\n");
}

TEST(Mask, LeavesReferences) {
  for (const char* line :
       {"password: ${PW}", "password: '${PW}' # set it", "password: ${PW:}",
        "password: ${file:/run/x}", "w: postgres://u:${PW}@h/d", "w: host=h password=${PW}"}) {
    EXPECT_EQ(MaskSecrets(line), line);
  }
  EXPECT_EQ(MaskSecrets("  a.token.url: https://x"), "  a.token.url: https://x");
  EXPECT_EQ(MaskSecrets("w: {url: host=h password=pw}"), "w: {url: host=h password=**}");
  EXPECT_EQ(MaskSecrets("password: ${PW:x}"), "password: *******");
  EXPECT_EQ(MaskSecrets("password: x${PW}"), "password: ******");
}

TEST(Mask, LeavesColumnsAndSql) {
  constexpr const char* kText =
      "bronze:\n  raw.users:\n    columns:\n      password: string\nsilver:\n"
      "  a.b:\n    sql: SELECT token FROM t WHERE password = token\n";
  EXPECT_EQ(MaskSecrets(kText), kText);
}

}  // namespace
}  // namespace sluice
