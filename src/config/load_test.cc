#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/folder_test.h"
#include "config/spec_facts_test.h"

namespace sluice {
namespace {

using testing::HasSubstr;

const std::filesystem::path kExamples = std::filesystem::path(SLUICE_SOURCE_DIR) / "examples";

std::expected<Spec, Diagnostics> LoadShipped(std::map<std::string, std::string> variables) {
  return LoadSpec(kExamples / "books/sluice.yml", Environment(std::move(variables)));
}

class Load : public testing::Test {
 protected:
  TestFolder folder_;
};

TEST_F(Load, ReadsTheShippedExample) {
  const auto spec = LoadShipped({});
  ASSERT_TRUE(spec) << Render(spec.error(), false);
  EXPECT_EQ(spec->file, kExamples / "books/sluice.yml");
  EXPECT_EQ(spec->StateFolder(), kExamples / "books/.sluice");
  EXPECT_EQ(spec->pipeline, "books");
  EXPECT_TRUE(spec->source.embedded);
  EXPECT_EQ(spec->source.brokers, "");
  EXPECT_EQ(spec->source.topic, "sensor_stream");
  EXPECT_EQ(spec->source.group, "sluice-books");
  EXPECT_EQ(spec->lake.root, "file://" + (kExamples / "books/lake").string());
  EXPECT_TRUE(spec->warehouse.embedded);
  EXPECT_EQ(spec->warehouse.url, "");
  const std::vector<Field> columns{{"Book", {.kind = TypeKind::kString}},
                                   {"Author(s)", {.kind = TypeKind::kString}},
                                   {"Original language", {.kind = TypeKind::kString}},
                                   {"First published", {.kind = TypeKind::kInt}},
                                   {"Approximate sales in millions", {.kind = TypeKind::kDouble}},
                                   {"Genre", {.kind = TypeKind::kString}}};
  EXPECT_EQ(spec->bronze.columns, columns);
  ASSERT_TRUE(spec->gold);
  EXPECT_EQ(spec->gold->dbt, kExamples / "books/books_analytics");
  EXPECT_EQ(spec->gold->every_ms, 10'000);
}

TEST_F(Load, ReadsTheSilverTableOfTheShippedExample) {
  const auto spec = LoadShipped({});
  ASSERT_TRUE(spec) << Render(spec.error(), false);
  ASSERT_EQ(spec->silver.size(), 1U);
  const SilverSpec& silver = spec->silver[0];
  EXPECT_EQ(silver.table.Full(), "processed.books");
  EXPECT_EQ(silver.from, spec->bronze.table);
  EXPECT_THAT(silver.sql, testing::StartsWith("SELECT trim(\"Book\")  "));
  EXPECT_THAT(silver.sql, testing::EndsWith("FROM raw.books\n"));
  ASSERT_EQ(silver.expect.size(), 2U);
  EXPECT_EQ(silver.expect[0].name, "title_present");
  EXPECT_EQ(silver.expect[0].check, "book_title IS NOT NULL");
  EXPECT_EQ(silver.expect[0].otherwise, Otherwise::kQuarantine);
  EXPECT_EQ(silver.expect[1].check, "sales_millions > 0");
  EXPECT_EQ(silver.expect[1].otherwise, Otherwise::kWarn);
  ASSERT_TRUE(silver.warehouse);
  EXPECT_EQ(silver.warehouse->mode, WriteMode::kUpsert);
  EXPECT_EQ(silver.warehouse->key, (std::vector<std::string>{"book_title", "authors"}));
  EXPECT_TRUE(spec->HasWarehouseSink());
}

TEST_F(Load, TakesTheShippedExampleToRealServers) {
  const auto spec = LoadShipped({{"KAFKA_BROKERS", "a:9092,b:9092"},
                                 {"LAKE", "s3://"},
                                 {"S3_ENDPOINT", "https://s3.example.com"},
                                 {"AWS_ACCESS_KEY_ID", "id"},
                                 {"AWS_SECRET_ACCESS_KEY", "secret"},
                                 {"DATABASE_URL", "postgres://app:pw@localhost/books"}});
  ASSERT_TRUE(spec) << Render(spec.error(), false);
  EXPECT_FALSE(spec->source.embedded);
  EXPECT_EQ(spec->source.brokers, "a:9092,b:9092");
  EXPECT_EQ(spec->lake.root, "s3://");
  EXPECT_EQ(spec->lake.s3.at("endpoint"), "https://s3.example.com");
  EXPECT_EQ(spec->warehouse.url, "postgres://app:pw@localhost/books");
}

TEST_F(Load, ReadsEveryExample) {
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kExamples)) {
    const auto file = entry.path() / "sluice.yml";
    if (!std::filesystem::exists(file)) continue;
    const auto spec = LoadSpec(file, Environment({}));
    EXPECT_TRUE(spec) << Render(spec.error(), false);
    ++read;
  }
  EXPECT_GE(read, 1);
}

TEST_F(Load, SaysWhyAFileCannotBeRead) {
  const auto missing = LoadSpec(folder_.path() + "/none.yml", Environment({}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().items.at(0).code, "E0101");
  EXPECT_THAT(missing.error().items.at(0).message, HasSubstr("No such file"));
  const auto folder = LoadSpec(folder_.path(), Environment({}));
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().items.at(0).message, HasSubstr("it is a folder"));
  const auto large = LoadSpec(folder_.Write("l.yml", std::string(2 << 20, '#')), Environment({}));
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error().items.at(0).message, HasSubstr("larger than 1 MiB"));
}

TEST_F(Load, FindsTheFileHereOrAbove) {
  const std::string file = folder_.Write("sluice.yml", "version: 1\n");
  folder_.Write("a/b/readme", "");
  EXPECT_EQ(FindPipelineFile(folder_.path()).value(), file);
  EXPECT_EQ(FindPipelineFile(folder_.path() + "/a/b/").value(), file);
  std::filesystem::remove(file);
  const auto none = FindPipelineFile(folder_.path() + "/a/b");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_EQ(none.error().code, "E0102");
  EXPECT_THAT(none.error().hint, HasSubstr("sluice init"));
}

TEST_F(Load, ReadsTheVariablesOfTheProcess) {
  ASSERT_EQ(setenv("SLUICE_CONFIG_TEST", "a=b", 1), 0);
  const Environment environment = Environment::OfProcess();
  EXPECT_EQ(environment.Get("SLUICE_CONFIG_TEST"), "a=b");
  EXPECT_EQ(environment.Get("SLUICE_CONFIG_TES"), std::nullopt);
  unsetenv("SLUICE_CONFIG_TEST");
}

// A file cut anywhere, or with a byte changed, is refused or read, in bounded time and memory.
TEST_F(Load, SurvivesDamage) {
  const std::string whole = ReadWhole(kExamples / "books/sluice.yml");
  for (size_t cut = 0; cut < whole.size(); cut += 7) {
    const auto loaded = LoadSpec(folder_.Write("cut.yml", whole.substr(0, cut)), Environment({}));
    EXPECT_TRUE(loaded || !Render(loaded.error(), true).empty());
  }
  constexpr std::string_view kBytes = "{}[]:,&*!|>'\"%@`#-?~$ \n\t\\";
  uint32_t random = 1;
  const auto next = [&] { return (random = random * 1664525 + 1013904223) >> 8; };
  for (int round = 0; round < 1000; ++round) {
    std::string damaged = whole;
    for (int change = 0; change < 3; ++change) {
      damaged[next() % damaged.size()] = kBytes[next() % kBytes.size()];
    }
    const auto loaded = LoadSpec(folder_.Write("damaged.yml", damaged), Environment({}));
    EXPECT_TRUE(loaded || !Render(loaded.error(), true).empty());
  }
}

}  // namespace
}  // namespace sluice
