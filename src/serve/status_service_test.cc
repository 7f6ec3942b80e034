#include "serve/status_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "serve/board_fixture_test.h"
#include "serve/page.h"

namespace sluice {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kToken = "0123456789abcdef";

class StatusServiceTest : public testing::Test {
 protected:
  StatusServiceTest() { FillBoard(board); }

  StatusService Open() const { return {BooksAbout(), Guard({}, "", true), board}; }

  StatusBoard board;
};

HttpRequest Get(const std::string& path, const std::string& host = "127.0.0.1:8080") {
  return {.method = "GET", .path = path, .host = host};
}

TEST_F(StatusServiceTest, TellsTheWholeStatusAsJson) {
  const HttpResponse response = Open().Answer(Get("/api/v1/status"));
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  const json status = json::parse(response.body);
  EXPECT_EQ(status["pipeline"], "books");
  EXPECT_EQ(status["phase"], "running");
  EXPECT_EQ(status["ready"], true);
  EXPECT_EQ(status["started_at"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(status["records"]["read"], 150);
  EXPECT_EQ(
      status["source"],
      json(
          {{"topic", "sensor_stream"}, {"broker", "kafka:9092"}, {"embedded", false}, {"log", 4}}));
  EXPECT_EQ(status["partitions"][0], json({{"partition", 0},
                                           {"worker", "7-0"},
                                           {"read", 105},
                                           {"high", 110},
                                           {"next", {{"lake", 90}, {"warehouse", 100}}},
                                           {"lag", {{"lake", 20}, {"warehouse", 10}}},
                                           {"stopped", nullptr}}));
  EXPECT_EQ(status["partitions"][2]["high"], nullptr);
  EXPECT_EQ(status["sinks"][1]["sink"], "warehouse");
  EXPECT_EQ(status["sinks"][1]["lag"], 10);
  EXPECT_EQ(status["sinks"][1]["last_commit_at"], "2023-11-14T22:14:15.000Z");
  EXPECT_EQ(status["gold"]["last"]["at"], "2023-11-14T22:14:20.500Z");
  EXPECT_EQ(status["workers"][0]["partitions"], json({0, 2}));
}

TEST_F(StatusServiceTest, BytesThatAreNoTextDoNotBreakTheJson) {
  board.Update("7-0", [](WorkerStatus& worker) { worker.reason = "\xff</script>"; });
  const json status = json::parse(Open().Answer(Get("/api/v1/status")).body);
  EXPECT_EQ(status["workers"][0]["reason"], "\uFFFD</script>");
}

TEST_F(StatusServiceTest, HealthSaysWhyNot) {
  EXPECT_EQ(Open().Answer(Get("/readyz")).status, 200);
  EXPECT_EQ(json::parse(Open().Answer(Get("/livez")).body),
            json({{"ok", true}, {"pipeline", "books"}}));
  board.UpdateRun([](RunStatus& run) {
    run.phase = RunPhase::kStarting;
    run.waiting = "waiting for PostgreSQL: refused";
  });
  const HttpResponse ready = Open().Answer(Get("/readyz"));
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(json::parse(ready.body)["reasons"],
            json::parse(R"([{"code":"waiting","text":"waiting for PostgreSQL: refused"}])"));
  EXPECT_EQ(Open().Answer(Get("/livez")).status, 200) << "who waits is alive";
}

TEST_F(StatusServiceTest, KnowsItsOwnNamesOnly) {
  const StatusService service(BooksAbout(), Guard({"Sluice.example.org"}, "", true), board);
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1]",
                           "LOCALHOST", "sluice.example.org:443"}) {
    EXPECT_EQ(service.Answer(Get("/livez", host)).status, 200) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "evil.example:127", "[::1", "sluice.example.org.", "0.0.0.0:8080"}) {
    for (const auto& path : StatusService::Paths()) {
      EXPECT_EQ(service.Answer(Get(path, host)).status, 421) << host << path;
    }
  }
}

TEST_F(StatusServiceTest, BeyondLoopbackAddressesAreKnownAndNamesAreNot) {
  const StatusService service(BooksAbout(), Guard({"sluice"}, kToken, false), board);
  for (const char* host : {"10.1.2.3:8080", "10.1.2.3", "[fe80::1]:8080", "sluice:8080"}) {
    EXPECT_EQ(service.Answer(Get("/readyz", host)).status, 200) << host;
  }
  for (const char* host : {"evil.example", "10.1.2.3.evil.example", "1", "[evil]", "fe80::1"}) {
    EXPECT_EQ(service.Answer(Get("/readyz", host)).status, 421) << host;
  }
}

TEST_F(StatusServiceTest, OnlyReads) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"}) {
    for (const auto& path : StatusService::Paths()) {
      HttpRequest request = Get(path);
      request.method = method;
      const HttpResponse response = Open().Answer(request);
      EXPECT_EQ(response.status, 405) << method << path;
      EXPECT_THAT(response.headers, Contains(Pair("Allow", "GET, HEAD")));
    }
  }
}

TEST_F(StatusServiceTest, ThereIsNothingElse) {
  for (const char* path : {"", "//", "/page.html", "/../etc/passwd", "/%2e%2e/", "/api/v1/status/",
                           "/LIVEZ", "*", "http://127.0.0.1/livez"}) {
    EXPECT_EQ(Open().Answer(Get(path)).status, 404) << path;
  }
}

TEST_F(StatusServiceTest, ATokenClosesThePageAndTheApi) {
  const StatusService service(BooksAbout(), Guard({}, kToken, false), board);
  for (const auto& path : StatusService::Paths()) {
    const bool open = path == "/livez" || path == "/readyz" || path == "/metrics";
    EXPECT_EQ(service.Answer(Get(path)).status, open ? 200 : 401) << path;
    HttpRequest request = Get(path);
    // printf 'sluice:0123456789abcdef' | base64
    for (const char* good : {"Bearer 0123456789abcdef", "Basic c2x1aWNlOjAxMjM0NTY3ODlhYmNkZWY="}) {
      request.authorization = good;
      EXPECT_EQ(service.Answer(request).status, 200) << path;
    }
    for (const char* bad : {"Bearer 0123456789abcdee", "Bearer 0123456789abcdef0", "Bearer ",
                            "0123456789abcdef", "Basic Og=="}) {
      request.authorization = bad;
      EXPECT_EQ(service.Answer(request).status, open ? 200 : 401) << path << bad;
    }
  }
  EXPECT_THAT(service.Answer(Get("/")).headers,
              Contains(Pair("WWW-Authenticate", HasSubstr("Basic"))));
}

TEST_F(StatusServiceTest, BeyondLoopbackNothingOfTheDataIsOpenWithoutAToken) {
  const StatusService service(BooksAbout(), Guard({}, "", false), board);
  EXPECT_EQ(service.Answer(Get("/readyz")).status, 200);
  EXPECT_EQ(service.Answer(Get("/")).status, 403);
  EXPECT_EQ(service.Answer(Get("/api/v1/status")).status, 403);
}

TEST_F(StatusServiceTest, EveryAnswerForbidsScriptsOfOthers) {
  for (const char* path : {"/", "/page.js", "/metrics", "/nothing"}) {
    const auto headers = Open().Answer(Get(path)).headers;
    EXPECT_THAT(headers, Contains(Pair("Content-Security-Policy",
                                       testing::AllOf(HasSubstr("default-src 'none'"),
                                                      HasSubstr("frame-ancestors 'none'"),
                                                      testing::Not(HasSubstr("unsafe"))))));
    EXPECT_THAT(headers, Contains(Pair("X-Content-Type-Options", "nosniff")));
    EXPECT_THAT(headers, Contains(Pair("Cache-Control", "no-store")));
  }
}

TEST_F(StatusServiceTest, ThePageIsSelfContainedAndTakesTextOnly) {
  EXPECT_THAT(PageHtml(), HasSubstr("</html>"));
  for (const auto part : {PageHtml(), PageCss(), PageJs()}) {
    for (const char* bad : {"https://", "innerHTML", "outerHTML", "insertAdjacent", "eval(",
                            "document.write", "onclick", " style=", "@import"}) {
      EXPECT_THAT(std::string(part), testing::Not(HasSubstr(bad)));
    }
  }
}

TEST(Base64Test, PadsAsTheStandardDoes) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("\xff\xfe\xfd\xfc"), "//79/A==");
}

}  // namespace
}  // namespace sluice
