#include "export/zip.h"

#include <gtest/gtest.h>

#include "core/text.h"

namespace sluice {
namespace {

// That others can read it is shown in tests/superset, by Python's zipfile.
TEST(ZipTest, TheSameFilesAreTheSameBytes) {
  const std::string archive = ZipArchive({{"b/two.yaml", "2\n"}, {"a.yaml", "123456789"}});
  EXPECT_EQ(archive, ZipArchive({{"a.yaml", "123456789"}, {"b/two.yaml", "2\n"}}));
  EXPECT_LT(archive.find("a.yaml"), archive.find("b/two.yaml"));
  // CRC-32 of 123456789, the check value of its catalogue, little-endian at byte 14.
  EXPECT_EQ(archive.substr(14, 4), "\x26\x39\xF4\xCB");
}

TEST(ZipTest, NoFilesAreAnArchiveToo) {
  EXPECT_EQ(ZipArchive({}).size(), 22U);
}

}  // namespace
}  // namespace sluice
