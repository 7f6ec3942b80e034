#include "postgres/database.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "postgres/conninfo.h"
#include "postgres/session.h"

namespace sluice {
namespace {

constexpr size_t kApplicationNameBytes = 63;

class Database : public SqlDatabase {
 public:
  Database(ConnectParams params, const DatabaseOptions& options)
      : params_(std::move(params)), options_(options) {}

  Result<std::unique_ptr<SqlSession>> Connect(std::string_view name) override {
    ConnectParams params = params_;
    params["application_name"] = CutUtf8(name, kApplicationNameBytes);
    return ConnectSession(params, options_);
  }

  std::string Address() const override {
    constexpr std::array<std::string_view, 6> kTold{"host",   "hostaddr", "port",
                                                    "dbname", "user",     "sslmode"};
    ConnectParams told;
    for (const auto& [name, value] : params_) {
      if (std::ranges::find(kTold, name) != kTold.end()) told[name] = value;
    }
    return SpellConninfo(told);
  }

 private:
  const ConnectParams params_;
  const DatabaseOptions options_;
};

}  // namespace

Result<std::unique_ptr<SqlDatabase>> MakeDatabase(const std::string& conninfo,
                                                  const DatabaseOptions& options) {
  SLUICE_ASSIGN(ConnectParams params, CompleteConninfo(conninfo, options.tls));
  return std::make_unique<Database>(std::move(params), options);
}

}  // namespace sluice
