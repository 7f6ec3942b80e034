#include "source/broker_file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/text.h"
#include "source/file_handle.h"

namespace sluice {
namespace {

constexpr int kAnswerMs = 1'000;

std::string PathOf(const std::string& folder) {
  return folder + "/broker.json";
}

std::string ToJson(const BrokerAddress& address) {
  return fmt::format(
      "{{\"bootstrap\":{},\"topic\":{},\"partitions\":{},\"topic_uuid\":{},\"cluster_id\":{},"
      "\"pid\":{},\"process_start\":{}}}\n",
      JsonQuote(address.bootstrap), JsonQuote(address.topic), address.partitions,
      JsonQuote(address.topic_uuid), JsonQuote(address.cluster_id), address.pid,
      address.process_start);
}

// Reads one string literal or number at the front of `text` and steps over it.
std::optional<std::string> TakeScalar(std::string_view& text) {
  std::string value;
  const bool quoted = text.starts_with('"');
  if (quoted) text.remove_prefix(1);
  while (!text.empty()) {
    const char c = text.front();
    if (!quoted && (c == ',' || c == '}')) return value;
    text.remove_prefix(1);
    if (quoted && c == '"') return value;
    if (c != '\\') {
      value += c;
      continue;
    }
    if (text.empty()) return std::nullopt;
    // JsonQuote escapes these two by themselves, control bytes by a number: no name has one.
    value += text.front();
    text.remove_prefix(1);
  }
  return std::nullopt;
}

// Reads the flat object that ToJson wrote; nothing for any other text.
std::optional<std::map<std::string, std::string>> ParseFlat(std::string_view text) {
  std::map<std::string, std::string> fields;
  if (!text.starts_with('{')) return std::nullopt;
  do {
    text.remove_prefix(1);
    const auto name = TakeScalar(text);
    if (!name || !text.starts_with(':')) return std::nullopt;
    text.remove_prefix(1);
    const auto value = TakeScalar(text);
    if (!value) return std::nullopt;
    fields[*name] = *value;
  } while (text.starts_with(','));
  if (!text.starts_with('}')) return std::nullopt;
  return fields;
}

int64_t NumberOf(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Status WriteFile(const std::string& path, const std::string& text) {
  const FileHandle file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const bool written =
      file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written) return {};
  return Fail(ErrorKind::kFatal, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

bool Answers(const std::string& bootstrap) {
  const auto pieces = Split(bootstrap, ':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (pieces.size() != 2 || inet_pton(AF_INET, pieces[0].c_str(), &address.sin_addr) != 1) {
    return false;
  }
  address.sin_port = htons(static_cast<uint16_t>(NumberOf(pieces[1])));
  const FileHandle socket_file(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (connect(socket_file.get(), generic, sizeof(address)) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd waiting{socket_file.get(), POLLOUT, 0};
  int error = 0;
  socklen_t length = sizeof(error);
  return poll(&waiting, 1, kAnswerMs) == 1 &&
         getsockopt(socket_file.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

}  // namespace

Status RegisterBroker(const std::string& state_folder, const BrokerAddress& address) {
  std::error_code code;
  std::filesystem::create_directories(state_folder, code);
  // Two starts at the same moment: the lock lasts as long as the folder is open.
  const FileHandle folder(open(state_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || flock(folder.get(), LOCK_EX) != 0) {
    return Fail(ErrorKind::kFatal,
                fmt::format("cannot use the folder {}: {}", state_folder, std::strerror(errno)));
  }
  SLUICE_ASSIGN(const auto other, ReadBrokerFile(state_folder));
  if (other && IsAlive(*other)) {
    return Fail(ErrorKind::kInvalidConfig,
                fmt::format("another process runs this folder's embedded broker: pid {}, {}",
                            other->pid, other->bootstrap),
                "stop it, or use its broker");
  }
  const std::string temporary = PathOf(state_folder) + fmt::format(".{}", getpid());
  SLUICE_TRY(WriteFile(temporary, ToJson(address)));
  std::filesystem::rename(temporary, PathOf(state_folder), code);
  if (!code) return {};
  return Fail(ErrorKind::kFatal,
              fmt::format("cannot write {}: {}", PathOf(state_folder), code.message()));
}

void RemoveBrokerFile(const std::string& state_folder, const BrokerAddress& address) {
  const auto registered = ReadBrokerFile(state_folder);
  if (registered && *registered && (*registered)->topic_uuid == address.topic_uuid) {
    unlink(PathOf(state_folder).c_str());
  }
}

Result<std::optional<BrokerAddress>> ReadBrokerFile(const std::string& state_folder) {
  std::ifstream file(PathOf(state_folder));
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  const auto fields = ParseFlat(text.str());
  if (!fields) return std::nullopt;
  const auto field = [&](const char* name) {
    const auto found = fields->find(name);
    return found == fields->end() ? std::string() : found->second;
  };
  return BrokerAddress{.bootstrap = field("bootstrap"),
                       .topic = field("topic"),
                       .partitions = static_cast<int32_t>(NumberOf(field("partitions"))),
                       .topic_uuid = field("topic_uuid"),
                       .cluster_id = field("cluster_id"),
                       .pid = NumberOf(field("pid")),
                       .process_start = NumberOf(field("process_start"))};
}

bool IsAlive(const BrokerAddress& address) {
  return ProcessStart(address.pid) == address.process_start && Answers(address.bootstrap);
}

std::optional<int64_t> ProcessStart(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  // The program's name comes second, in parentheses, and may hold anything.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 > text.size()) return std::nullopt;
  constexpr size_t kStartField = 22 - 3;
  const auto fields = Split(std::string_view(text).substr(name_end + 2), ' ');
  if (fields.size() <= kStartField) return std::nullopt;
  return NumberOf(fields[kStartField]);
}

}  // namespace sluice
