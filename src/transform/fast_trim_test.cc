#include "transform/fast_trim.h"

#include <gtest/gtest.h>

#include <fstream>

#include "transform/duck_transform.h"
#include "transform/test_bronze.h"

namespace sluice {
namespace {

class FastTrimTest : public testing::Test {
 protected:
  FastTrimTest() { EXPECT_TRUE(RegisterFastTrim(connection_.get()).has_value()); }

  std::string One(const std::string& sql) {
    auto rows = TextRows(connection_.get(), sql);
    if (!rows) return rows.error().message;
    return rows->at(0).at(0);
  }

  std::unique_ptr<DuckEngine> engine_ = *DuckEngine::Make();
  DuckConnectionHandle connection_ = *engine_->Connect();
};

TEST_F(FastTrimTest, AgreesWithDuckDbOnEveryCharacter) {
  EXPECT_EQ(
      One("WITH c AS (SELECT chr(i::INT) AS c FROM range(1, 70000) r(i) WHERE i NOT BETWEEN "
          "55296 AND 57343) SELECT count(*) FILTER (trim(s) IS DISTINCT FROM sluice_trim(s)) || "
          "' of ' || count(*) FROM c, (VALUES (c || 'x' || c), (c), (' ' || c || ' '), ('é' || "
          "c), (c || c || '東')) v(s)"),
      "0 of 339755");
}

TEST_F(FastTrimTest, AgreesWithDuckDbOnMixedSpaces) {
  // Every string of five pieces, among them bytes that look like the end of a space.
  EXPECT_EQ(
      One("WITH p(p) AS (VALUES (''), (' '), (chr(160)), (chr(8195)), (chr(12288)), ('a'), "
          "('Â'), (chr(8203)), ('â€ long enough for the heap')), s AS (SELECT a.p || b.p || c.p "
          "|| d.p || e.p AS s FROM p a, p b, p c, p d, p e) SELECT count(*) FILTER (trim(s) IS "
          "DISTINCT FROM sluice_trim(s)) || ' of ' || count(*) FROM s"),
      "0 of 59049");
}

TEST_F(FastTrimTest, KeepsNulls) {
  EXPECT_EQ(One("SELECT string_agg(coalesce(sluice_trim(s), 'NULL'), ',') FROM (SELECT CASE WHEN "
                "i % 3 <> 0 THEN ' ' || i END AS s FROM range(7) r(i) ORDER BY i)"),
            "NULL,1,2,NULL,4,5,NULL");
  EXPECT_EQ(One("SELECT coalesce(sluice_trim(NULL), 'NULL')"), "NULL");
}

TEST_F(FastTrimTest, IsNoFunctionOfThePipelineFile) {
  BronzeSpec bronze;
  bronze.table = {"raw", "books"};
  bronze.columns = {{"a", {.kind = TypeKind::kString}}};
  SilverSpec silver;
  silver.table = {"processed", "books"};
  silver.sql = "SELECT sluice_trim(a) AS a FROM raw.books";
  EXPECT_FALSE(MakeDuckTransform(*engine_, bronze, {silver}).has_value());
}

}  // namespace
}  // namespace sluice
