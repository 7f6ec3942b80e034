#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "gold/child_process.h"
#include "gold/dbt.h"

namespace sluice {

/// A PostgreSQL server that lives as long as this object; see test_postgres.py for its words.
class TestPostgres {
 public:
  TestPostgres();
  nlohmann::json Do(const nlohmann::json& request);
  /// Returns the first value of the first row as text.
  std::string Value(const std::string& sql);

  std::string conninfo;
  std::string folder;  ///< of its socket; the role `locked` needs its password

 private:
  nlohmann::json Answer();
  std::unique_ptr<ChildProcess> server_;
};

/// The books example's dbt project, in a copy that a test may change, over a filled silver table.
/// All tests of a suite share the server.
class DbtTest : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  DbtTest();
  ~DbtTest() override;

  DbtOptions Options() const;
  void Write(const std::string& name, const std::string& text) const;  ///< into the project
  void Remove(const std::string& name) const;
  /// Returns the process that runs this test's worker script; fails the test when there is none.
  pid_t WorkerPid() const;

  static std::unique_ptr<TestPostgres> postgres_;
  std::filesystem::path folder_;
};

}  // namespace sluice
