#include "serve/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "serve/http_get.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

// A connection that sends any bytes and reads until the other side closes.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Send(const std::string& bytes) const {
    // It may have been closed already; then Read tells.
    [[maybe_unused]] const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // Returns what comes until the end, or until `enough` is in it.
  std::string Read(const std::string& enough = "\x01") const {
    std::string text;
    char buffer[4096];
    for (ssize_t got; text.find(enough) == std::string::npos &&
                      (got = recv(fd_, buffer, sizeof(buffer), 0)) > 0;) {
      text.append(buffer, static_cast<size_t>(got));
    }
    return text;
  }
  bool connected() const { return connected_; }

 private:
  int fd_;
  bool connected_ = false;
};

HttpResponse Echo(const HttpRequest& request) {
  return {.body = request.method + " " + request.path + " " + request.host};
}

std::unique_ptr<HttpServer> Start(HttpServerOptions options = {}) {
  options.port = 0;
  auto server = HttpServer::Make(options, Echo);
  EXPECT_TRUE(server) << server.error().message;
  return *std::move(server);
}

TEST(HttpServerTest, AnswersAndKeepsTheConnection) {
  const auto server = Start();
  const Client client(server->port());
  client.Send("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.Read("GET /a x"), StartsWith("HTTP/1.1 200 OK\r\n"));
  client.Send("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string head = client.Read();
  EXPECT_THAT(head, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  const auto server = Start();
  const Client client(server->port());
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n"
      "Connection: close\r\n\r\n");
  const std::string both = client.Read();
  EXPECT_LT(both.find("GET /1 x"), both.find("GET /2 x"));
}

TEST(HttpServerTest, IsReachedByOurOwnClient) {
  const auto server = Start();
  const auto answer = HttpGet("127.0.0.1", server->port(), "/livez", milliseconds(5000));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "GET /livez localhost");
}

TEST(HttpServerTest, RefusesWhatIsTooLargeOrNoHttp) {
  const auto server = Start();
  const std::vector<std::pair<std::string, std::string>> cases{
      {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n", "431"},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n", "431"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "413"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       "413"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", "400"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "400"},
      {"nonsense\r\n\r\n", "400"},
  };
  for (const auto& [bytes, status] : cases) {
    const Client client(server->port());
    client.Send(bytes);
    EXPECT_THAT(client.Read(), StartsWith("HTTP/1.1 " + status)) << bytes.substr(0, 60);
  }
  EXPECT_TRUE(HttpGet("127.0.0.1", server->port(), "/", milliseconds(5000)));
}

TEST(HttpServerTest, ClosesWhoIsSlow) {
  const auto server = Start({.timeout_ms = 200});
  const Client idle(server->port());
  const Client slow(server->port());
  const SteadyTime start = Now();
  slow.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(slow.Read(), "");
  EXPECT_EQ(idle.Read(), "");
  EXPECT_LT(ElapsedMs(start), 5'000);
}

TEST(HttpServerTest, TakesSoManyConnectionsAndNoMore) {
  const auto server = Start({.timeout_ms = 60'000, .connections = 4});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(server->port()));
    clients.back()->Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(clients.back()->Read("GET / x"), StartsWith("HTTP/1.1 200"));
  }
  const Client fifth(server->port());
  fifth.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(fifth.Read(), "");
  clients.clear();
  const SteadyTime start = Now();
  while (!HttpGet("127.0.0.1", server->port(), "/", milliseconds(1000))) {
    ASSERT_LT(ElapsedMs(start), 10'000) << "closed connections make room";
  }
}

TEST(HttpServerTest, TellsATakenPortFromABadAddress) {
  const auto server = Start();
  const auto taken = HttpServer::Make({.port = server->port()}, Echo);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "address_in_use");
  for (const char* host : {"192.0.2.1", "nowhere", ""}) {
    const auto bad = HttpServer::Make({.host = host, .port = 0}, Echo);
    ASSERT_FALSE(bad) << host;
    EXPECT_EQ(bad.error().kind, ErrorKind::kInvalidConfig) << host;
  }
}

TEST(HttpServerTest, EndsWithOpenConnections) {
  auto server = Start();
  const Client client(server->port());
  client.Send("GET / HT");
  const SteadyTime start = Now();
  server.reset();
  EXPECT_LT(ElapsedMs(start), 2'000);
  EXPECT_EQ(client.Read(), "");
}

TEST(HttpGetTest, SaysWhyThereIsNoAnswer) {
  uint16_t port = 0;
  {
    const auto server = Start();
    port = server->port();
  }
  const auto gone = HttpGet("127.0.0.1", port, "/", milliseconds(1000));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(gone.error().message, HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace sluice
