#include "postgres/wire.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <vector>

#include "core/log.h"
#include "postgres/sql_error.h"

namespace sluice {
namespace {

std::string Trimmed(const char* text) {
  std::string trimmed = text == nullptr ? "" : text;
  while (!trimmed.empty() && trimmed.back() == '\n') trimmed.pop_back();
  return trimmed;
}

// libpq's messages have a line for each attempt and each piece of advice.
std::string OnOneLine(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += ';';
    } else {
      line += c == '\t' ? ' ' : c;
    }
  }
  return line;
}

std::string Field(const PGresult* result, int code) {
  return Trimmed(PQresultErrorField(result, code));
}

void LogNotice(void*, const PGresult* notice) {
  Log(LogLevel::kDebug, "PostgreSQL notice",
      {{"code", Field(notice, PG_DIAG_SQLSTATE)},
       {"message", Field(notice, PG_DIAG_MESSAGE_PRIMARY)}});
}

PqConnection Start(const ConnectParams& params) {
  std::vector<const char*> names, values;
  for (const auto& [name, value] : params) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PqConnection(PQconnectStartParams(names.data(), values.data(), 0));
}

struct Refusal {
  ErrorKind kind;
  std::string hint;
};

Refusal RefusalOf(PGconn* connection, const std::string& sqlstate, const std::string& message) {
  if (!sqlstate.empty()) {
    const ErrorKind kind = KindOfRefusal(sqlstate);
    const bool config = kind == ErrorKind::kInvalidConfig;
    return {kind, config ? "check `warehouse` in the pipeline file" : ""};
  }
  if (PQconnectionNeedsPassword(connection) != 0) {
    return {ErrorKind::kInvalidConfig,
            "name a variable that holds the password in `warehouse`, set PGPASSWORD, or keep it in "
            "~/.pgpass, which only you may read (chmod 600)"};
  }
  if (IsTlsRefusal(message)) {
    return {ErrorKind::kInvalidConfig,
            "`sslrootcert=FILE` names the authority that signed the server's certificate; "
            "`sslmode=require` with --insecure-tls takes any server"};
  }
  return {ErrorKind::kRetryable, ""};
}

// The failed connection's message as an Error; what the server said decides the kind.
std::unexpected<Error> Refused(PGconn* connection) {
  std::string message = Trimmed(PQerrorMessage(connection));
  std::string sqlstate = TakeSqlState(message);
  auto [kind, hint] = RefusalOf(connection, sqlstate, message);
  if (sqlstate.empty()) sqlstate = kConnectionLost;
  return Fail(kind, fmt::format("PostgreSQL gave no session: {}", OnOneLine(message)),
              std::move(hint), std::move(sqlstate));
}

}  // namespace

Result<std::unique_ptr<Wire>> Wire::Connect(const ConnectParams& params, int64_t connect_ms,
                                            int64_t answer_ms) {
  std::unique_ptr<Wire> wire(new Wire(Start(params), answer_ms));
  if (!wire->connection_) return Fail(ErrorKind::kFatal, "libpq is out of memory");
  SLUICE_TRY(wire->Establish(Now() + std::chrono::milliseconds(connect_ms)));
  PGconn* const connection = wire->connection_.get();
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  PQsetNoticeReceiver(connection, LogNotice, nullptr);
  wire->backend_pid_ = PQbackendPID(connection);
  if (PQsetnonblocking(connection, 1) != 0) return wire->Lose("libpq cannot work without blocking");
  return wire;
}

Status Wire::Establish(SteadyTime deadline) {
  PGconn* const connection = connection_.get();
  if (PQstatus(connection) == CONNECTION_BAD) return Refused(connection);
  // Only at this verbosity does a failed connection tell its SQLSTATE.
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  for (PostgresPollingStatusType step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK;
       step = PQconnectPoll(connection)) {
    if (step == PGRES_POLLING_FAILED) return Refused(connection);
    SLUICE_TRY(Poll(step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
  }
  return {};
}

Status Wire::Poll(short events, SteadyTime deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Now()).count();
    if (left <= 0) return Lose("the server does not answer");
    pollfd fd{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
    const int ready = poll(&fd, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Lose("poll failed");
  }
}

Status Wire::Flush(SteadyTime deadline) {
  for (;;) {
    if (!IsAlive()) return Lose("the connection was closed");
    const int state = PQflush(connection_.get());
    // A failed send is not the end: the server's reason may still lie in the input.
    if (state <= 0) return {};
    SLUICE_TRY(Poll(POLLIN | POLLOUT, deadline));
    // Taking in what the server says keeps both sides from waiting for each other.
    if (PQconsumeInput(connection_.get()) == 0) return {};
  }
}

Status Wire::AwaitInput(SteadyTime deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    SLUICE_TRY(Poll(POLLIN, deadline));
    // On failure libpq makes the reason the next result.
    if (PQconsumeInput(connection_.get()) == 0) return {};
  }
  return {};
}

Status Wire::Send(const std::function<int(PGconn*)>& send) {
  if (!IsAlive()) return Lose("the session was lost before");
  if (send(connection_.get()) != 1) return Lose(Trimmed(PQerrorMessage(connection_.get())));
  return Flush(Deadline());
}

Result<PqResult> Wire::Next() {
  if (!connection_) return Lose("the session was lost before");
  SLUICE_TRY(AwaitInput(Deadline()));
  return PqResult(PQgetResult(connection_.get()));
}

Status Wire::PutCopyData(std::string_view bytes) {
  if (!connection_) return Lose("the session was lost before");
  const int put = PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (put < 0) return {};  // the reason comes as the COPY's result
  if (put == 0) return Fail(ErrorKind::kFatal, "libpq is out of memory");
  return Flush(Deadline());
}

Status Wire::FinishCopy() {
  if (!connection_) return Lose("the session was lost before");
  if (PQputCopyEnd(connection_.get(), nullptr) < 0) return {};
  return Flush(Deadline());
}

Error Wire::ErrorOf(const PGresult* result) const {
  std::string sqlstate = Field(result, PG_DIAG_SQLSTATE);
  const std::string severity = Field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  std::string message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = Trimmed(PQresultErrorMessage(result));
  const bool ended = sqlstate.empty() || severity == "FATAL" || severity == "PANIC";
  if (sqlstate.empty()) sqlstate = kConnectionLost;
  const ErrorKind kind = ended ? ErrorKind::kRetryable : KindOfSqlState(sqlstate);
  std::string hint = Field(result, PG_DIAG_MESSAGE_HINT);
  if (sqlstate == kNoRight) hint = "`sluice plan --sql` prints the rights that sluice needs";
  return {kind, fmt::format("PostgreSQL: {}", message), std::move(hint), std::move(sqlstate)};
}

std::unexpected<Error> Wire::Lose(std::string_view why) {
  connection_.reset();
  return Fail(ErrorKind::kRetryable, fmt::format("the PostgreSQL session is lost: {}", why), {},
              std::string(kConnectionLost));
}

bool Wire::IsAlive() const {
  return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

}  // namespace sluice
