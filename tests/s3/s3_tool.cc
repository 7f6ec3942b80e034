// Drives an S3Store from a script: one JSON request a line on stdin, one JSON answer a line on
// stdout. What the requests are called is what they do; see Answer.
#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/log.h"
#include "core/text.h"
#include "lake/s3_store.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

// The keys as `{"id": …, "secret": …, "token": …}`.
S3Credentials ReadKeys(const Json& json) {
  return {.access_key_id = json.value("id", ""),
          .secret_access_key = json.value("secret", ""),
          .session_token = json.value("token", "")};
}

class S3Tool {
 public:
  Result<Json> Answer(const Json& request) {
    const std::string op = request.at("op");
    if (op == "open") return Open(request);
    const RemotePath path{request.value("path", "")};
    const SteadyTime deadline = Now() + std::chrono::milliseconds(request.value("ms", 20'000));
    if (op == "put") return Done(store_->Put(path, BytesOf(request), deadline));
    if (op == "put_file") {
      return Done(store_->PutFile(LocalPath{request.at("from")}, path, deadline));
    }
    if (op == "get") return Text(store_->Get(path, request.value("max", 1 << 20), deadline));
    if (op == "range") {
      return Text(store_->GetRange(path, request.at("offset"), request.at("length"), deadline));
    }
    if (op == "head") return Number(store_->Head(path, deadline));
    if (op == "list") return List(path, deadline);
    if (op == "delete") return Done(store_->Delete(path, deadline));
    if (op == "check") return Done(store_->Check(path, deadline));
    if (op == "race") return Race(request, deadline);
    return Fail(ErrorKind::kUsage, "unknown request " + op);
  }

 private:
  static Result<Json> Done(const Status& status) {
    if (!status) return Fail(status.error());
    return Json::object();
  }
  static Result<Json> Text(const Result<std::string>& text) {
    if (!text) return Fail(text.error());
    return Json{{"sha256", Sha256Hex(*text)}, {"size", text->size()}};
  }
  static Result<Json> Number(const Result<int64_t>& number) {
    if (!number) return Fail(number.error());
    return Json{{"size", *number}};
  }

  // `size` bytes that begin with `text` and go on in a way that depends on it.
  static std::string BytesOf(const Json& request) {
    std::string bytes = request.value("text", "");
    const size_t size = request.value("size", bytes.size());
    for (uint64_t i = 0; bytes.size() < size; ++i) bytes += Sha256Hex(fmt::format("{}", i));
    bytes.resize(size);
    return bytes;
  }

  Result<Json> Open(const Json& request) {
    S3Options options;
    options.endpoint = request.value("endpoint", "");
    options.region = request.value("region", "us-east-1");
    options.path_style = request.value("path_style", true);
    options.ca_file = request.value("ca_file", "");
    options.credentials = ReadKeys(request.at("keys"));
    options.reload_every_ms = request.value("reload_every_ms", 60'000);
    if (const std::string file = request.value("keys_file", ""); !file.empty()) {
      options.reload = [file]() -> Result<S3Credentials> {
        std::ifstream stream(file);
        const Json keys = Json::parse(stream, nullptr, /*allow_exceptions=*/false);
        if (keys.is_object()) return ReadKeys(keys);
        return Fail(ErrorKind::kInvalidConfig, "the file of keys is broken");
      };
    }
    SLUICE_ASSIGN(store_, S3Store::Make(request.value("root", "s3://"), std::move(options)));
    return Json::object();
  }

  Result<Json> List(const RemotePath& path, SteadyTime deadline) {
    SLUICE_ASSIGN(const auto found, store_->List(path, deadline));
    Json objects = Json::array();
    for (const ObjectInfo& info : found) {
      objects.push_back(
          {{"path", info.path.value}, {"size", info.size_bytes}, {"modified", info.modified_ms}});
    }
    return Json{{"objects", std::move(objects)}};
  }

  // `writers` threads put other bytes of one size under one name at the same time.
  Result<Json> Race(const Json& request, SteadyTime deadline) {
    const RemotePath path{request.at("path")};
    const int writers = request.at("writers");
    std::vector<std::string> bytes;
    for (int i = 0; i < writers; ++i) {
      bytes.push_back(BytesOf({{"text", fmt::format("{:05d}", i)}, {"size", request.at("size")}}));
    }
    std::atomic<int> winner = -1, winners = 0, losers = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([&, i] {
        const Status status = store_->Put(path, bytes[static_cast<size_t>(i)], deadline);
        if (status) winner = i;
        winners += status ? 1 : 0;
        losers += !status && status.error().code == kAlreadyExists ? 1 : 0;
      });
    }
    threads.clear();
    const int who = winner;
    return Json{{"winners", winners.load()},
                {"losers", losers.load()},
                {"sha256", who < 0 ? "" : Sha256Hex(bytes[static_cast<size_t>(who)])}};
  }

  std::unique_ptr<S3Store> store_;
};

Json AsJson(const Error& error) {
  return {{"error",
           {{"kind", std::string(Name(error.kind))},
            {"code", error.code},
            {"message", error.message},
            {"hint", error.hint}}}};
}

}  // namespace
}  // namespace sluice

int main() {
  sluice::S3Tool tool;
  sluice::ConfigureLog(sluice::LogLevel::kInfo, sluice::LogFormat::kText);
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer = tool.Answer(sluice::Json::parse(line));
    std::cout << (answer ? *answer : sluice::AsJson(answer.error())).dump() << std::endl;
  }
}
