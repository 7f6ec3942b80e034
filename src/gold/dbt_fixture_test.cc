#include "gold/dbt_fixture_test.h"

#include <array>
#include <fstream>

#include "core/types.h"
#include "gold/python.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kSource = SLUICE_SOURCE_DIR;

std::string Python() {
  const std::array below{kSource.string()};
  return FindDbtPython("", below).value();
}

SteadyTime InAMinute() {
  return Now() + std::chrono::minutes(1);
}

}  // namespace

TestPostgres::TestPostgres() {
  const auto script = (kSource / "src/gold/test_postgres.py").string();
  server_ = ChildProcess::Make({.command = {Python(), script},
                                .environment = DbtEnvironment(),
                                .stderr_file = "/dev/null",
                                .leave_ms = 20'000})
                .value();
  const auto ready = Answer();
  conninfo = ready.at("conninfo");
  folder = ready.at("folder");
}

json TestPostgres::Do(const json& request) {
  server_->WriteLine(request.dump(), InAMinute()).value();
  auto answer = Answer();
  EXPECT_TRUE(answer.is_array()) << request << ": " << answer;
  return answer;
}

std::string TestPostgres::Value(const std::string& sql) {
  return Do(sql).at(0).at(0);
}

json TestPostgres::Answer() {
  return json::parse(server_->ReadLine(InAMinute(), {}).value());
}

std::unique_ptr<TestPostgres> DbtTest::postgres_;

void DbtTest::SetUpTestSuite() {
  postgres_ = std::make_unique<TestPostgres>();
}

void DbtTest::TearDownTestSuite() {
  postgres_.reset();
}

DbtTest::DbtTest() : folder_(fs::temp_directory_path() / ("sluice-" + Uuid::Random().value)) {
  fs::create_directories(folder_);
  fs::copy(kSource / "examples/books/books_analytics", folder_ / "project",
           fs::copy_options::recursive);
  postgres_->Do({{"fill", kSource / "examples/books/data/best-selling-books.csv"}});
}

DbtTest::~DbtTest() {
  fs::remove_all(folder_);
}

DbtOptions DbtTest::Options() const {
  return {.project_folder = folder_ / "project",
          .profiles_folder = folder_ / ".sluice/dbt/profiles",
          .state_folder = folder_ / ".sluice/dbt",
          .conninfo = postgres_->conninfo,
          .python = Python()};
}

void DbtTest::Write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / "project" / name) << text;
}

void DbtTest::Remove(const std::string& name) const {
  fs::remove(folder_ / "project" / name);
}

pid_t DbtTest::WorkerPid() const {
  const auto script = (folder_ / ".sluice/dbt/dbt_worker.py").string();
  for (const auto& process : fs::directory_iterator("/proc")) {
    std::ifstream file(process.path() / "cmdline", std::ios::binary);
    const std::string command(std::istreambuf_iterator<char>(file), {});
    if (command.find(script) != std::string::npos) return std::stoi(process.path().filename());
  }
  ADD_FAILURE() << "no worker runs";
  return 0;
}

}  // namespace sluice
