#pragma once

#include <map>
#include <string>
#include <vector>

#include "stage/sql.h"

namespace sluice {

/// For tests: the catalog's few statements over a map, with transactions.
class FakeCatalog : public SqlSession {
 public:
  Result<SqlRows> Query(std::string_view sql, std::span<const SqlValue> params) override {
    SqlRows answer;
    if (sql.starts_with("SELECT metadata_location")) {
      if (sql.find("FOR UPDATE") != std::string_view::npos) locked.push_back(*params[2]);
      const auto found = pointers.find(*params[1] + "." + *params[2]);
      if (found != pointers.end()) answer.rows.push_back({found->second});
    } else if (sql.starts_with("SELECT set_config('lock_timeout'")) {
      lock_timeouts_ms.push_back(IntegerOf(params[0]));
    } else if (sql.starts_with("INSERT INTO iceberg_tables")) {
      answer.affected = pointers.emplace(*params[1] + "." + *params[2], *params[3]).second;
    } else if (sql.starts_with("UPDATE iceberg_tables")) {
      std::string& pointer = pointers[*params[1] + "." + *params[2]];
      if (lost_races > 0) {
        --lost_races;
      } else if (pointer == params[3]) {
        pointer = *params[4];
        answer.affected = 1;
      }
    }
    return answer;
  }
  Result<SqlRows> Query(std::string_view sql) override {
    if (sql == "BEGIN") before_ = pointers;
    if (sql == "ROLLBACK") pointers = before_;
    SqlRows answer;
    answer.rows.push_back({"1"});
    return answer;
  }
  Result<int64_t> CopyIn(std::string_view, std::span<const std::string_view>) override { return 0; }
  bool IsAlive() const override { return true; }
  int32_t BackendPid() const override { return 1; }

  std::map<std::string, std::string> pointers;
  std::vector<std::string> locked;
  std::vector<int64_t> lock_timeouts_ms;
  int lost_races = 0;

 private:
  std::map<std::string, std::string> before_;
};

}  // namespace sluice
