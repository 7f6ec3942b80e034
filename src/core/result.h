#pragma once

#include <expected>
#include <utility>

#include "core/error.h"

namespace sluice {

/// A value or the Error that took its place. Dropping one is a compile error.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Status = Result<void>;

/// Returns an Error ready to be returned from a function of any Result type.
inline std::unexpected<Error> Fail(ErrorKind kind, std::string message, std::string hint = {},
                                   std::string code = {}) {
  return std::unexpected(Error{kind, std::move(message), std::move(hint), std::move(code)});
}

/// Hands a callee's Error on.
inline std::unexpected<Error> Fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace sluice

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

/// Returns from the enclosing function when `expr` (a Result) holds an Error.
#define SLUICE_TRY(expr) SLUICE_TRY_INNER(SLUICE_CONCAT(sluice_status_, __COUNTER__), expr)
#define SLUICE_TRY_INNER(name, expr)                  \
  do {                                                \
    if (auto name = (expr); !name) {                  \
      return ::sluice::Fail(std::move(name).error()); \
    }                                                 \
  } while (false)

/// `SLUICE_ASSIGN(auto rows, Query(…));`: binds the value, or returns the Error.
#define SLUICE_ASSIGN(declaration, expr) \
  SLUICE_ASSIGN_INNER(SLUICE_CONCAT(sluice_result_, __COUNTER__), declaration, expr)
#define SLUICE_ASSIGN_INNER(name, declaration, expr)         \
  auto name = (expr);                                        \
  if (!name) return ::sluice::Fail(std::move(name).error()); \
  declaration = *std::move(name)
