#include "serve/http_get.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/clock.h"

namespace sluice {
namespace {

constexpr size_t kMaxAnswerBytes = 4 << 20;

class Socket {
 public:
  explicit Socket(int family)
      : fd_(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> NoAnswer(const std::string& ip, uint16_t port, std::string_view why) {
  return Fail(ErrorKind::kRetryable, fmt::format("no answer from {}:{}: {}", ip, port, why),
              "is `sluice run` running, and on this address?");
}

sockaddr_storage AddressOf(const std::string& ip, uint16_t port) {
  sockaddr_storage storage{};
  auto* const four = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const six = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, ip.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
  } else if (inet_pton(AF_INET6, ip.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
  }
  return storage;
}

// Returns "" once the socket is ready, else why not.
std::string WaitFor(int fd, short events, SteadyTime deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Now());
  pollfd file{fd, events, 0};
  if (left.count() <= 0 || poll(&file, 1, static_cast<int>(left.count())) != 1)
    return "time is over";
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? "" : std::strerror(error);
}

Result<HttpAnswer> ParseAnswer(const std::string& ip, uint16_t port, const std::string& text) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const size_t end = text.find("\r\n\r\n");
  HttpAnswer answer;
  if (!text.starts_with(kVersion) || end == std::string::npos) {
    return NoAnswer(ip, port, "what answers there does not speak HTTP");
  }
  const char* const begin = text.data() + kVersion.size();
  std::from_chars(begin, begin + 3, answer.status);
  answer.body = text.substr(end + 4);
  return answer;
}

}  // namespace

Result<HttpAnswer> HttpGet(const std::string& ip, uint16_t port, const std::string& path,
                           std::chrono::milliseconds wait) {
  const SteadyTime deadline = Now() + wait;
  const sockaddr_storage address = AddressOf(ip, port);
  const Socket socket(address.ss_family);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  if (connect(socket.fd(), to, sizeof(address)) != 0 && errno != EINPROGRESS) {
    return NoAnswer(ip, port, std::strerror(errno));
  }
  if (const auto why = WaitFor(socket.fd(), POLLOUT, deadline); !why.empty()) {
    return NoAnswer(ip, port, why);
  }
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
  if (send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return NoAnswer(ip, port, std::strerror(errno));
  }
  std::string text;
  while (text.size() < kMaxAnswerBytes) {
    if (const auto why = WaitFor(socket.fd(), POLLIN, deadline); !why.empty()) {
      return NoAnswer(ip, port, why);
    }
    char buffer[8192];
    const ssize_t got = recv(socket.fd(), buffer, sizeof(buffer), 0);
    if (got == 0) break;
    if (got < 0) return NoAnswer(ip, port, std::strerror(errno));
    text.append(buffer, static_cast<size_t>(got));
  }
  return ParseAnswer(ip, port, text);
}

}  // namespace sluice
