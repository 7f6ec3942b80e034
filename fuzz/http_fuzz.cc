// Any bytes on a connection to the server: an answer that is HTTP, or none; and the next who asks
// gets his own.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "input.h"
#include "pipeline/status_board.h"
#include "serve/http_server.h"
#include "serve/status_service.h"

namespace {

using namespace sluice;

constexpr std::string_view kGood =
    "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Serving {
  StatusBoard board;
  StatusService service{
      {.version = "1", .pipeline = "books"}, Guard({}, "a long token", true), board};
  std::unique_ptr<HttpServer> server =
      *HttpServer::Make({.port = 0, .timeout_ms = 1000},
                        [this](const HttpRequest& request) { return service.Answer(request); });
};

// All that comes back until the server hangs up.
std::string Ask(uint16_t port, std::string_view bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const linger reset{1, 0};  // no port waits behind us
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fuzz::Check(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0, "no connection");
  // The server may have hung up before all is sent.
  (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(got));
  }
  close(fd);
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Serving serving;
  static int count = 0;
  const uint16_t port = serving.server->port();
  const std::string answer = Ask(port, {reinterpret_cast<const char*>(data), size});
  fuzz::Check(answer.empty() || answer.starts_with("HTTP/1."), "no HTTP", answer);
  if (++count % 64 == 1) {
    fuzz::Check(Ask(port, kGood).starts_with("HTTP/1.1 "), "the next gets no answer");
  }
  return 0;
}
