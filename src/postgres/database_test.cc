#include "postgres/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/pause.h"
#include "postgres/scratch_server.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class DatabaseTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto scratch = ScratchServer::Make();
    ASSERT_TRUE(scratch) << scratch.error().message;
    scratch_ = scratch->release();
  }
  static void TearDownTestSuite() { delete std::exchange(scratch_, nullptr); }

  static std::string Conninfo() { return scratch_->server().Conninfo(); }
  static std::unique_ptr<SqlSession> Connect(const DatabaseOptions& options = {}) {
    const auto database = MakeDatabase(Conninfo(), options);
    auto session = (*database)->Connect("sluice:books:0");
    EXPECT_TRUE(session) << session.error().message;
    return *std::move(session);
  }
  static ScratchServer* scratch_;
};
ScratchServer* DatabaseTest::scratch_ = nullptr;

std::string One(SqlSession& session, std::string_view sql) {
  const auto rows = session.Query(sql);
  if (!rows) return rows.error().message;
  return rows->rows.at(0).at(0).value_or("null");
}

// Integers as COPY BINARY data.
std::string CopyOfInts(int count, int columns = 1) {
  std::string data("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  for (int i = 0; i < count; ++i) {
    data += std::string("\0", 1) + static_cast<char>(columns);
    for (int column = 0; column < columns; ++column) {
      data += std::string("\0\0\0\4", 4);
      for (int shift = 24; shift >= 0; shift -= 8) data += static_cast<char>(i >> shift & 0xFF);
    }
  }
  return data + "\377\377";
}

TEST_F(DatabaseTest, SessionsHaveTheSettingsOfTheProtocol) {
  const auto session = Connect();
  const std::pair<const char*, const char*> settings[] = {
      {"idle_in_transaction_session_timeout", "30s"},
      {"lock_timeout", "5s"},
      {"statement_timeout", "1min"},
      {"search_path", "public, pg_temp"},
      {"application_name", "sluice:books:0"},
      {"client_encoding", "UTF8"},
      {"TimeZone", "UTC"},
      {"standard_conforming_strings", "on"}};
  for (const auto& [name, value] : settings) {
    EXPECT_EQ(One(*session, std::string("SHOW ") + name), value) << name;
  }
  EXPECT_EQ(One(*session, "SELECT pg_backend_pid()"), std::to_string(session->BackendPid()));
}

TEST_F(DatabaseTest, QueriesBindParametersAndTellNullFromEmpty) {
  const auto session = Connect();
  const std::vector<SqlValue> params{"it's; DROP TABLE x;--", std::nullopt, ""};
  const auto rows = session->Query("SELECT $1::text AS a, $2::text AS b, $3::text AS c", params);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_THAT(rows->columns, ElementsAre("a", "b", "c"));
  EXPECT_THAT(rows->rows.at(0), ElementsAre(params[0], params[1], params[2]));
}

TEST_F(DatabaseTest, RefusesANulThatLibpqWouldCutAt) {
  const auto session = Connect();
  const std::vector<SqlValue> params{std::string("a\0b", 3)};
  const auto rows = session->Query("SELECT $1::text", params);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kBadData);
  EXPECT_EQ(rows.error().code, "22021");
}

TEST_F(DatabaseTest, SeveralStatementsReturnTheLastOnesRows) {
  const auto session = Connect();
  const auto rows = session->Query(
      "CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1), (2); "
      "UPDATE t SET x = x + 1");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->affected, 2);
  EXPECT_EQ(session->Query("")->rows.size(), 0U);
}

TEST_F(DatabaseTest, SqlStatesBecomeTheCallersNextMove) {
  const auto session = Connect();
  ASSERT_TRUE(session->Query("CREATE TEMP TABLE k (x int PRIMARY KEY); INSERT INTO k VALUES (1)"));
  const std::tuple<const char*, const char*, ErrorKind> cases[] = {
      {"SELECT 1/0", "22012", ErrorKind::kBadData},
      {"INSERT INTO k VALUES (1)", "23505", ErrorKind::kBadData},
      {"INSERT INTO k VALUES (NULL)", "23502", ErrorKind::kBadData},
      {"SELECT * FROM no_such", "42P01", ErrorKind::kFatal},
      {"SELEC", "42601", ErrorKind::kFatal},
      {"BEGIN READ ONLY; CREATE TABLE x (y int)", "25006", ErrorKind::kRetryable},
      {"SET statement_timeout = '20ms'; SELECT pg_sleep(5)", "57014", ErrorKind::kRetryable},
      {"DO $$BEGIN RAISE SQLSTATE '40001'; END$$", "40001", ErrorKind::kRetryable},
      {"DO $$BEGIN RAISE SQLSTATE '40P01'; END$$", "40P01", ErrorKind::kRetryable},
      {"DO $$BEGIN RAISE SQLSTATE '53100'; END$$", "53100", ErrorKind::kRetryable},
      {"DO $$BEGIN RAISE SQLSTATE '55P03'; END$$", "55P03", ErrorKind::kRetryable},
      {"DO $$BEGIN RAISE SQLSTATE '55006'; END$$", "55006", ErrorKind::kFatal},
  };
  for (const auto& [sql, code, kind] : cases) {
    const auto rows = session->Query(sql);
    ASSERT_FALSE(rows) << sql;
    EXPECT_EQ(rows.error().code, code) << sql;
    EXPECT_EQ(Name(rows.error().kind), Name(kind)) << sql;
    EXPECT_TRUE(session->IsAlive());
    EXPECT_TRUE(session->Query("ROLLBACK; SET statement_timeout = '60s'"));
  }
}

TEST_F(DatabaseTest, WaitingForALockEndsRetryable) {
  const auto holder = Connect(), waiter = Connect();
  ASSERT_TRUE(holder->Query("CREATE TABLE locked (x int)"));
  ASSERT_TRUE(holder->Query("BEGIN; LOCK TABLE locked"));
  ASSERT_TRUE(waiter->Query("SET lock_timeout = '50ms'"));
  const auto rows = waiter->Query("SELECT * FROM locked");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(rows.error().code, "55P03");
}

TEST_F(DatabaseTest, AKilledBackendLosesTheSession) {
  const auto killer = Connect();
  const auto idle = Connect(), in_copy = Connect();
  const auto kill = [&](const SqlSession& victim) {
    const std::string pid = std::to_string(victim.BackendPid());
    const std::string done = One(*killer, "SELECT pg_terminate_backend(" + pid + ")");
    while (One(*killer, "SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid) != "0")
      continue;
    return done;
  };
  EXPECT_EQ(kill(*idle), "t");
  const auto rows = idle->Query("SELECT 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kRetryable) << rows.error().message;
  EXPECT_FALSE(idle->IsAlive());
  const auto again = idle->Query("SELECT 1");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(again.error().code, "08006");

  ASSERT_TRUE(in_copy->Query("CREATE TEMP TABLE t (x int)"));
  EXPECT_EQ(kill(*in_copy), "t");
  const std::string data = CopyOfInts(500'000);
  const std::string_view buffers[] = {data};
  const auto copied = in_copy->CopyIn("COPY t FROM STDIN (FORMAT binary)", buffers);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().kind, ErrorKind::kRetryable);
  EXPECT_FALSE(in_copy->IsAlive());
}

TEST_F(DatabaseTest, AFatalErrorOfAnyClassIsRetryable) {
  const auto session = Connect();
  ASSERT_TRUE(session->Query("SET idle_in_transaction_session_timeout = '30ms'; BEGIN"));
  PauseFor(std::chrono::milliseconds(300), {});
  const auto rows = session->Query("SELECT 1");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, "25P03");
  EXPECT_EQ(rows.error().kind, ErrorKind::kRetryable);
  EXPECT_FALSE(session->IsAlive());
}

TEST_F(DatabaseTest, ASilentServerLosesTheSession) {
  const auto session = Connect({.answer_ms = 150});
  const auto rows = session->Query("SELECT pg_sleep(10)");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::kRetryable);
  EXPECT_EQ(rows.error().code, "08006");
  EXPECT_FALSE(session->IsAlive());
}

TEST_F(DatabaseTest, CopyTakesBuffersInOrder) {
  const auto session = Connect();
  ASSERT_TRUE(session->Query("CREATE TEMP TABLE t (x int)"));
  const std::string data = CopyOfInts(400'000);
  std::vector<std::string_view> buffers;
  for (size_t at = 0; at < data.size(); at += 777'777) {
    buffers.push_back(std::string_view(data).substr(at, 777'777));
    buffers.emplace_back();
  }
  const auto rows = session->CopyIn("COPY t FROM STDIN (FORMAT binary)", buffers);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, 400'000);
  EXPECT_EQ(One(*session, "SELECT sum(x::bigint) FROM t"), "79999800000");
}

TEST_F(DatabaseTest, CopyGathersSmallBuffers) {
  const auto session = Connect();
  ASSERT_TRUE(session->Query("CREATE TEMP TABLE t (x int)"));
  const std::string data = CopyOfInts(100'000);
  std::vector<std::string_view> buffers;
  // Around the size of a piece, and far below.
  for (size_t at = 0, size = 1; at < data.size(); at += size, size = size * 3 % 100'003) {
    buffers.push_back(std::string_view(data).substr(at, size));
  }
  const auto rows = session->CopyIn("COPY t FROM STDIN (FORMAT binary)", buffers);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, 100'000);
  EXPECT_EQ(One(*session, "SELECT sum(x::bigint) FROM t"), "4999950000");
}

TEST_F(DatabaseTest, AFailedCopyLeavesTheSessionUsable) {
  const auto session = Connect();
  ASSERT_TRUE(session->Query("CREATE TEMP TABLE t (x int CHECK (x <> 100)); BEGIN"));
  const std::string good = CopyOfInts(50), refused = CopyOfInts(2'000'000), wide = CopyOfInts(3, 2);
  const std::tuple<const std::string&, size_t, const char*, ErrorKind> cases[] = {
      {refused, refused.size(), "23514", ErrorKind::kBadData},
      {wide, wide.size(), "22P04", ErrorKind::kBadData},
      {good, good.size() - 7, "22P04", ErrorKind::kBadData},
      {good, 0, "22P04", ErrorKind::kBadData}};
  for (const auto& [data, size, code, kind] : cases) {
    ASSERT_TRUE(session->Query("SAVEPOINT before"));
    const std::string_view buffers[] = {std::string_view(data).substr(0, size)};
    const auto rows = session->CopyIn("COPY t FROM STDIN (FORMAT binary)", buffers);
    ASSERT_FALSE(rows) << code;
    EXPECT_EQ(rows.error().code, code);
    EXPECT_EQ(rows.error().kind, kind);
    EXPECT_EQ(session->Query("SELECT 1").error().code, "25P02");
    ASSERT_TRUE(session->Query("ROLLBACK TO before"));
  }
  const auto missing = session->CopyIn("COPY no_such FROM STDIN", {});
  EXPECT_EQ(missing.error().code, "42P01");
  ASSERT_TRUE(session->Query("ROLLBACK TO before"));
  const std::string_view buffers[] = {good};
  EXPECT_EQ(*session->CopyIn("COPY t FROM STDIN (FORMAT binary)", buffers), 50);
  EXPECT_TRUE(session->Query("COMMIT"));
  EXPECT_EQ(One(*session, "SELECT count(*) FROM t"), "50");
}

TEST_F(DatabaseTest, CopyOutsideCopyInIsAMistake) {
  for (const char* sql : {"COPY (SELECT 1) TO STDOUT", "COPY pg_class FROM STDIN"}) {
    const auto session = Connect();
    const auto rows = session->Query(sql);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().kind, ErrorKind::kFatal) << sql;
  }
  const auto session = Connect();
  EXPECT_EQ(session->CopyIn("SELECT 1", {}).error().kind, ErrorKind::kFatal);
}

TEST_F(DatabaseTest, RefusalsAreTheConfigurationsFault) {
  const std::pair<const char*, const char*> cases[] = {{" dbname=no_such", "3D000"},
                                                       {" user=nobody_at_all", "28000"}};
  for (const auto& [change, code] : cases) {
    const auto session = (*MakeDatabase(Conninfo() + change))->Connect("x");
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().kind, ErrorKind::kInvalidConfig) << session.error().message;
    EXPECT_EQ(session.error().code, code);
    EXPECT_THAT(session.error().message, HasSubstr("does not exist"));
    EXPECT_THAT(session.error().message, Not(HasSubstr("LOCATION")));
    EXPECT_THAT(session.error().message, Not(HasSubstr(code)));
  }
}

TEST_F(DatabaseTest, AnAbsentServerIsRetryable) {
  for (const char* address : {"host=/nowhere", "host=127.0.0.1 port=1 sslmode=disable"}) {
    const auto session = (*MakeDatabase(address))->Connect("x");
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().kind, ErrorKind::kRetryable);
    EXPECT_EQ(session.error().code, "08006");
  }
}

TEST_F(DatabaseTest, AServerThatNeverGreetsIsGivenUp) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto session = (*MakeDatabase("host=127.0.0.1 sslmode=disable port=" +
                                          std::to_string(ntohs(address.sin_port)),
                                      {.connect_ms = 200}))
                           ->Connect("x");
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::kRetryable);
  close(listener);
}

}  // namespace
}  // namespace sluice
