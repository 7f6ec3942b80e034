#include "serve/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

#include "core/log.h"

// The one file that includes Boost: it takes long to compile.
namespace sluice {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Answer = std::function<HttpResponse(const HttpRequest&)>;

// Below the workers' threads: a flood of requests must not slow them.
constexpr int kNice = 5;

struct Shared {
  const HttpServerOptions options;
  const Answer answer;
  size_t connections = 0;
};

HttpRequest AsRequest(const http::request<http::empty_body>& from) {
  HttpRequest request;
  request.method = std::string(from.method_string());
  const std::string target(from.target());
  request.path = target.substr(0, target.find('?'));
  request.host = std::string(from[http::field::host]);
  request.authorization = std::string(from[http::field::authorization]);
  return request;
}

HttpResponse Refusal(const error_code& error) {
  if (error == http::error::header_limit) return {431, "text/plain", "the header is too large\n"};
  if (error == http::error::unexpected_body || error == http::error::body_limit) {
    return {413, "text/plain", "no request here takes a body\n"};
  }
  return {400, "text/plain", "this is not an HTTP request\n"};
}

// One connection: request, answer, and again while it is kept alive. Owned by what it waits for.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, std::shared_ptr<Shared> shared)
      : stream_(std::move(socket)), shared_(std::move(shared)) {
    ++shared_->connections;
  }
  ~Connection() { --shared_->connections; }

  void Read() {
    parser_.emplace();
    parser_->header_limit(shared_->options.header_bytes);
    stream_.expires_after(std::chrono::milliseconds(shared_->options.timeout_ms));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->OnRead(error); });
  }

 private:
  void OnRead(const error_code& error) {
    if (!error) {
      const auto& request = parser_->get();
      return Write(shared_->answer(AsRequest(request)), request.version(), request.keep_alive(),
                   request.method() == http::verb::head);
    }
    // Only what was wrong with the request gets an answer; time-outs and hang-ups do not.
    const bool is_http = error.category() == make_error_code(http::error::bad_method).category();
    if (is_http && error != http::error::end_of_stream && error != http::error::partial_message) {
      Write(Refusal(error), 11, false, false);
    }
  }

  void Write(HttpResponse from, unsigned version, bool keep_alive, bool head) {
    response_ = {};
    response_.version(version);
    response_.result(static_cast<unsigned>(from.status));
    response_.set(http::field::content_type, from.content_type);
    for (const auto& [name, value] : from.headers) response_.set(name, value);
    response_.keep_alive(keep_alive);
    response_.content_length(from.body.size());
    if (!head) response_.body() = std::move(from.body);
    stream_.expires_after(std::chrono::milliseconds(shared_->options.timeout_ms));
    http::async_write(stream_, response_,
                      [self = shared_from_this(), keep_alive](error_code error, size_t) {
                        if (!error && keep_alive) return self->Read();
                        self->Close();
                      });
  }

  void Close() {
    error_code ignored;  // the other side may be gone already
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  beast::tcp_stream stream_;
  std::shared_ptr<Shared> shared_;
  beast::flat_buffer buffer_{64 << 10};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

Error ListenError(const HttpServerOptions& options, const error_code& error) {
  const std::string address = fmt::format("{}:{}", options.host, options.port);
  if (error == asio::error::address_in_use) {
    return {ErrorKind::kInvalidConfig, "another program listens on " + address,
            "name another port with --http 127.0.0.1:PORT, or `--http off`", "address_in_use"};
  }
  return {ErrorKind::kInvalidConfig,
          fmt::format("cannot listen on {}: {}", address, error.message()),
          "name an address of this machine with --http, such as 127.0.0.1:8080"};
}

class BeastServer : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, Answer answer)
      : shared_(std::make_shared<Shared>(options, std::move(answer))) {}
  ~BeastServer() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status Listen() {
    error_code error;
    const auto address = asio::ip::make_address(shared_->options.host, error);
    const tcp::endpoint endpoint(address, shared_->options.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return Fail(ListenError(shared_->options, error));
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    thread_ = std::jthread([this] { Serve(); });
    return {};
  }

  uint16_t port() const override { return port_; }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && shared_->connections < shared_->options.connections) {
        std::make_shared<Connection>(std::move(socket), shared_)->Read();
      }
      if (!error) return Accept();
      // Out of files, most likely: not at once again.
      retry_.expires_after(std::chrono::milliseconds(100));
      retry_.async_wait([this](error_code stopped) {
        if (!stopped) Accept();
      });
    });
  }

  void Serve() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (const std::exception& error) {
        Log(LogLevel::kError, "a request was not answered", {{"error", error.what()}});
      }
    }
  }

  std::shared_ptr<Shared> shared_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer retry_{context_};
  uint16_t port_ = 0;
  std::jthread thread_;  // last: joined before the rest goes
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Make(
    const HttpServerOptions& options, std::function<HttpResponse(const HttpRequest&)> answer) {
  auto server = std::make_unique<BeastServer>(options, std::move(answer));
  SLUICE_TRY(server->Listen());
  return server;
}

}  // namespace sluice
