// Result<T>: how a function of core/ fails. An Error carries a code from docs/errors.md and a text for
// people.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tenon {

/// What went wrong. `code` is a stable word (`store_locked`), `message` is for people and holds no secret.
struct Error {
  std::string code;
  std::string message;

  Error() = default;
  Error(std::string error_code, std::string text) : code(std::move(error_code)), message(std::move(text)) {}
  std::string text() const { return code + ": " + message; }
};

/// Called by Result::value() on an error: reaching it is a programming error.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + error.text());
}

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

}  // namespace tenon

#define TENON_CAT_(a, b) a##b
#define TENON_CAT(a, b) TENON_CAT_(a, b)
#define TENON_TRY_(temp, declaration, expression) \
  auto temp = (expression);                       \
  if (!temp) return std::move(temp).error();      \
  declaration = std::move(*temp)
/// TENON_TRY(auto x, f()); returns f's error from the enclosing function, else binds its value.
#define TENON_TRY(declaration, expression) \
  TENON_TRY_(TENON_CAT(tenon_try_, __LINE__), declaration, expression)
/// TENON_CHECK(f()); the same for a Status.
#define TENON_CHECK(expression)                                                                  \
  do {                                                                                           \
    if (auto tenon_status = (expression); !tenon_status) return std::move(tenon_status).error(); \
  } while (false)
