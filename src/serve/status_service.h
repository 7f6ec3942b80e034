#pragma once

#include <string>
#include <vector>

#include "pipeline/status_board.h"
#include "serve/about.h"
#include "serve/guard.h"
#include "serve/http.h"

namespace sluice {

/// Answers all requests from snapshots of the board; changes nothing. Used by one thread.
class StatusService {
 public:
  /// `board` outlives the service.
  StatusService(About about, Guard guard, const StatusBoard& board)
      : about_(std::move(about)), guard_(std::move(guard)), board_(board) {}

  HttpResponse Answer(const HttpRequest& request) const;

  /// Every path that is answered; the rest is 404.
  static std::vector<std::string> Paths();

 private:
  struct Route;
  static const std::vector<Route>& Routes();
  HttpResponse Answered(const HttpRequest& request) const;

  HttpResponse Live() const;
  HttpResponse Ready() const;
  HttpResponse Metrics() const;
  HttpResponse Status() const;
  HttpResponse Page() const;
  HttpResponse Style() const;
  HttpResponse Script() const;

  About about_;
  Guard guard_;
  const StatusBoard& board_;
};

}  // namespace sluice
