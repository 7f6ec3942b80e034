#include "postgres/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/types.h"
#include "postgres/database.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A home of its own, and an environment that says nothing about PostgreSQL, for each test.
class ConninfoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ = std::filesystem::temp_directory_path() / ("sluice-home-" + Uuid::Random().value);
    std::filesystem::create_directories(home_);
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD",
                             "PGSERVICE", "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT"}) {
      unsetenv(name);
    }
    if (const char* home = std::getenv("HOME")) old_home_ = home;
    setenv("HOME", home_.c_str(), 1);
  }
  void TearDown() override {
    setenv("HOME", old_home_.c_str(), 1);
    unsetenv("PGSERVICE");
    unsetenv("PGHOST");
    unsetenv("PGPASSWORD");
    unsetenv("PGSSLMODE");
    std::filesystem::remove_all(home_);
  }
  void WriteService(const std::string& text) const {
    std::ofstream(home_ / ".pg_service.conf") << text;
  }
  static std::string Mode(const std::string& conninfo, RemoteTls tls = RemoteTls::kVerified) {
    const auto params = CompleteConninfo(conninfo, tls);
    return params ? params->at("sslmode") : params.error().code;
  }

  std::filesystem::path home_;
  std::string old_home_;
};

TEST_F(ConninfoTest, AddressesKeepNoPassword) {
  const auto database = MakeDatabase("postgres://me:s3cr%20et@db.example.org:6543/books");
  ASSERT_TRUE(database);
  EXPECT_EQ((*database)->Address(),
            "dbname='books' host='db.example.org' port='6543' sslmode='verify-full' user='me'");
}

TEST_F(ConninfoTest, OnlyRemoteHostsNeedProof) {
  for (const char* local :
       {"host=/run/postgresql", "host=localhost", "host=127.0.0.1", "host=127.0.1.1", "host=::1",
        "dbname=x", "host=localhost,/tmp", "host=x hostaddr=127.0.0.1 host=localhost"}) {
    EXPECT_EQ(Mode(local), "prefer") << local;
  }
  for (const char* remote :
       {"host=db.example.org", "host=localhost,db.example.org", "host=x hostaddr=192.0.2.1",
        "host=localhost hostaddr=192.0.2.1", "host=127.0.0.1.example.org", "host=192.168.0.7",
        "host=db.example.org sslmode=verify-full", "postgresql://db.example.org"}) {
    EXPECT_EQ(Mode(remote), "verify-full") << remote;
  }
}

TEST_F(ConninfoTest, AWeakerModeOfARemoteHostNeedsTheInsecureWord) {
  for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
    const std::string conninfo = std::string("host=db.example.org sslmode=") + mode;
    EXPECT_EQ(Mode(conninfo), "E0125") << mode;
    EXPECT_EQ(Mode(conninfo, RemoteTls::kAsWritten), mode);
    EXPECT_EQ(Mode(std::string("host=localhost sslmode=") + mode), mode);
  }
  EXPECT_EQ(Mode("host=db.example.org", RemoteTls::kAsWritten), "verify-full");
  setenv("PGSSLMODE", "require", 1);
  EXPECT_EQ(Mode("host=db.example.org"), "E0125");
  EXPECT_EQ(Mode("host=db.example.org sslmode=verify-full"), "verify-full");
}

TEST_F(ConninfoTest, TheServiceFileIsRead) {
  WriteService(
      "[prod]\nhost=db.example.org\nport=6543\nuser=svc\n"
      "[weak]\nhost=db.example.org\nsslmode=require\n[near]\nhost=localhost\n");
  const auto prod = CompleteConninfo("service=prod dbname=books");
  ASSERT_TRUE(prod) << prod.error().message;
  EXPECT_EQ(prod->at("host"), "db.example.org");
  EXPECT_EQ(prod->at("port"), "6543");
  EXPECT_EQ(prod->at("user"), "svc");
  EXPECT_EQ(prod->at("dbname"), "books");
  EXPECT_EQ(prod->at("sslmode"), "verify-full");
  EXPECT_EQ(Mode("service=weak"), "E0125");
  EXPECT_EQ(Mode("service=near"), "prefer");
  setenv("PGSERVICE", "prod", 1);
  EXPECT_EQ(Mode("dbname=books"), "verify-full");
}

TEST_F(ConninfoTest, TheEnvironmentFillsIn) {
  setenv("PGHOST", "db.example.org", 1);
  setenv("PGPASSWORD", "s3cret", 1);
  const auto params = CompleteConninfo("dbname=books");
  ASSERT_TRUE(params);
  EXPECT_EQ(params->at("host"), "db.example.org");
  EXPECT_EQ(params->at("sslmode"), "verify-full");
  EXPECT_EQ(params->at("password"), "s3cret");
  EXPECT_THAT((*MakeDatabase("dbname=books"))->Address(), Not(HasSubstr("s3cret")));
}

TEST_F(ConninfoTest, WhatLibpqRefusesIsRefusedBeforeAnyConnection) {
  const std::pair<const char*, const char*> cases[] = {{"service=none-such", "none-such"},
                                                       {"sslmode=strong", "strong"}};
  for (const auto& [conninfo, words] : cases) {
    const auto params = CompleteConninfo(conninfo);
    ASSERT_FALSE(params) << conninfo;
    EXPECT_EQ(params.error().kind, ErrorKind::kInvalidConfig);
    EXPECT_THAT(params.error().message, HasSubstr(words));
  }
}

TEST_F(ConninfoTest, TheSystemsAuthoritiesVouchWhereNoOthersAreNamed) {
  EXPECT_THAT(CompleteConninfo("host=db.example.org")->at("sslrootcert"), HasSubstr("/etc/"));
  EXPECT_THAT(
      CompleteConninfo("host=localhost sslmode=verify-full sslrootcert=system")->at("sslrootcert"),
      HasSubstr("/etc/"));
  EXPECT_EQ(CompleteConninfo("host=db.example.org sslrootcert=/my/ca.crt")->at("sslrootcert"),
            "/my/ca.crt");
  std::filesystem::create_directories(home_ / ".postgresql");
  std::ofstream(home_ / ".postgresql/root.crt") << "mine";
  EXPECT_FALSE(CompleteConninfo("host=db.example.org")->contains("sslrootcert"));
}

TEST_F(ConninfoTest, OfSeveralHostsTheOneThatTakesWritesIsMeant) {
  EXPECT_EQ(CompleteConninfo("host=a,b")->at("target_session_attrs"), "read-write");
  EXPECT_EQ(CompleteConninfo("host=a,b target_session_attrs=primary")->at("target_session_attrs"),
            "primary");
  EXPECT_EQ(CompleteConninfo("host=a")->at("target_session_attrs"), "any");
}

TEST_F(ConninfoTest, WhatStopsLibpqIsNotKept) {
  EXPECT_FALSE(CompleteConninfo("host=localhost")->contains("ssl_max_protocol_version"));
  EXPECT_EQ(CompleteConninfo("host=localhost ssl_max_protocol_version=TLSv1.2")
                ->at("ssl_max_protocol_version"),
            "TLSv1.2");
}

TEST_F(ConninfoTest, AnUnreadableAddressShowsNoSecret) {
  const auto database = MakeDatabase("postgres://me:s3cret@[half/books");
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().kind, ErrorKind::kInvalidConfig);
  EXPECT_THAT(database.error().message, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace sluice
