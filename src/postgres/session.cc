#include "postgres/session.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "core/failpoint.h"
#include "core/text.h"
#include "postgres/sql_error.h"
#include "postgres/wire.h"

namespace sluice {
namespace {

// More texts than any program of ours repeats; what comes beyond is planned each time.
constexpr size_t kMaxTexts = 128;
// Large enough that calls do not count, small enough that libpq's copy stays in the cache.
constexpr size_t kCopyPieceBytes = 64 << 10;

constexpr std::string_view kSettings =
    "SET idle_in_transaction_session_timeout = '30s'; SET lock_timeout = '5s'; "
    "SET statement_timeout = '60s'; SET tcp_user_timeout = '15s'; SET tcp_keepalives_idle = 10; "
    "SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; "
    "SET bytea_output = 'hex'; SET standard_conforming_strings = on; "
    "SET default_transaction_isolation = 'read committed'; "
    // Short statements over many rows: compiling them costs more than it saves.
    "SET client_min_messages = warning; SET jit = off";

SqlRows RowsOf(const PGresult* result) {
  SqlRows rows;
  const int columns = PQnfields(result);
  for (int i = 0; i < columns; ++i) rows.columns.emplace_back(PQfname(result, i));
  for (int row = 0; row < PQntuples(result); ++row) {
    SqlRow& values = rows.rows.emplace_back();
    for (int i = 0; i < columns; ++i) {
      if (PQgetisnull(result, row, i) != 0) {
        values.emplace_back();
      } else {
        values.emplace_back(std::string(PQgetvalue(result, row, i),
                                        static_cast<size_t>(PQgetlength(result, row, i))));
      }
    }
  }
  // The call takes a pointer to non-const without a need; a tag without a count leaves 0.
  const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result));
  std::from_chars(count.data(), count.data() + count.size(), rows.affected);
  return rows;
}

bool IsError(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

bool IsCopy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

class Session : public SqlSession {
 public:
  explicit Session(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}

  Result<SqlRows> Query(std::string_view sql, std::span<const SqlValue> params) override {
    std::vector<const char*> values;
    for (const auto& param : params) {
      // Text parameters end at a NUL for libpq: the rest would be lost without a word.
      if (param && param->find('\0') != std::string::npos) {
        return Fail(ErrorKind::kBadData, "a NUL byte cannot be stored as text", {}, "22021");
      }
      values.push_back(param ? param->c_str() : nullptr);
    }
    const std::string text(sql);
    SLUICE_ASSIGN(const std::string name, NameOf(text));
    const int count = static_cast<int>(values.size());
    SLUICE_TRY(wire_->Send([&](PGconn* connection) {
      return name.empty() ? PQsendQueryParams(connection, text.c_str(), count, nullptr,
                                              values.data(), nullptr, nullptr, 0)
                          : PQsendQueryPrepared(connection, name.c_str(), count, values.data(),
                                                nullptr, nullptr, 0);
    }));
    return CollectRows();
  }

  Result<SqlRows> Query(std::string_view sql) override {
    SLUICE_TRY(SendText(sql));
    return CollectRows();
  }

  Result<int64_t> CopyIn(std::string_view copy_sql,
                         std::span<const std::string_view> buffers) override {
    SLUICE_TRY(SendText(copy_sql));
    SLUICE_ASSIGN(const PqResult start, wire_->Next());
    if (!start || PQresultStatus(start.get()) != PGRES_COPY_IN) return NotACopy(start.get());
    SLUICE_TRY(PutPieces(buffers));
    SLUICE_FAILPOINT("s4_copy");
    SLUICE_TRY(wire_->FinishCopy());
    SLUICE_ASSIGN(const SqlRows done, CollectRows());
    return done.affected;
  }

  bool IsAlive() const override { return wire_->IsAlive(); }
  int32_t BackendPid() const override { return wire_->backend_pid(); }

 private:
  // Returns the prepared statement of a text that comes again, whose planning may cost more than
  // running it; empty for a text that is new.
  Result<std::string> NameOf(const std::string& text) {
    const auto known = texts_.find(text);
    if (known == texts_.end()) {
      if (texts_.size() < kMaxTexts) texts_.emplace(text, "");
      return "";
    }
    if (!known->second.empty()) return known->second;
    std::string name = fmt::format("sluice_{}", ++prepared_);
    SLUICE_TRY(wire_->Send([&](PGconn* connection) {
      return PQsendPrepare(connection, name.c_str(), text.c_str(), 0, nullptr);
    }));
    SLUICE_TRY(CollectRows());
    return known->second = std::move(name);
  }

  // Many small buffers, such as single rows, go as few pieces.
  Status PutPieces(std::span<const std::string_view> buffers) {
    std::string piece;
    for (std::string_view bytes : buffers) {
      while (!bytes.empty()) {
        const std::string_view taken = bytes.substr(0, kCopyPieceBytes - piece.size());
        bytes.remove_prefix(taken.size());
        if (taken.size() == kCopyPieceBytes) {
          SLUICE_TRY(wire_->PutCopyData(taken));
          continue;
        }
        piece += taken;
        if (piece.size() < kCopyPieceBytes) continue;
        SLUICE_TRY(wire_->PutCopyData(piece));
        piece.clear();
      }
    }
    return piece.empty() ? Status() : wire_->PutCopyData(piece);
  }

  Status SendText(std::string_view sql) {
    const std::string text(sql);
    return wire_->Send([&](PGconn* connection) { return PQsendQuery(connection, text.c_str()); });
  }

  // Takes every result of the request: the last one's rows, or the first error.
  Result<SqlRows> CollectRows() {
    SqlRows rows;
    std::optional<Error> error;
    for (;;) {
      SLUICE_ASSIGN(const PqResult result, wire_->Next());
      if (!result) break;
      if (IsCopy(result.get())) return Misused();
      if (!IsError(result.get())) {
        rows = RowsOf(result.get());
      } else if (!error) {
        error = wire_->ErrorOf(result.get());
      }
    }
    if (!error) return rows;
    if (error->code == kConnectionLost) wire_->Lose("its answer makes no sense");
    return Fail(*std::move(error));
  }

  std::unexpected<Error> NotACopy(const PGresult* result) {
    if (result == nullptr || !IsError(result)) return Misused();
    Error error = wire_->ErrorOf(result);
    SLUICE_TRY(CollectRows());
    return Fail(std::move(error));
  }

  std::unexpected<Error> Misused() {
    wire_->Lose("out of step");
    return Fail(ErrorKind::kFatal, "only CopyIn runs COPY, and only COPY … FROM STDIN");
  }

  std::unique_ptr<Wire> wire_;
  std::map<std::string, std::string> texts_;  // of statements with parameters, to their names
  int prepared_ = 0;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> ConnectSession(const ConnectParams& params,
                                                   const DatabaseOptions& options) {
  SLUICE_ASSIGN(auto wire, Wire::Connect(params, options.connect_ms, options.answer_ms));
  auto session = std::make_unique<Session>(std::move(wire));
  // pg_catalog comes first by itself; named last, pg_temp cannot hide a table.
  SLUICE_TRY(session->Query(fmt::format("{}; SET search_path = {}, pg_temp", kSettings,
                                        QuoteIdentifier(options.schema))));
  return session;
}

}  // namespace sluice
