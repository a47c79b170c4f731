// One HTTP request as the pretend APIs see it, and what is to be done about it. No HTTP library in here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandbox {

/// A decoded query: names and values in the order in which they came.
using Query = std::vector<std::pair<std::string, std::string>>;

/// Borrowed for the call that gets it, but for `query`.
struct Request {
  std::string_view method;
  std::string_view target;  ///< as sent: path and query
  std::string_view path;    ///< as sent, without the query
  std::string_view body;
  std::string_view authorization, auth_token, idempotency_key, content_type;
  bool loopback = true;  ///< the peer is this machine
  Query query;

  /// The first value of `name`.
  std::optional<std::string_view> parameter(std::string_view name) const {
    for (const auto& [key, value] : query)
      if (key == name) return std::string_view(value);
    return std::nullopt;
  }
};

/// An answer. `headers` is text ready to send: each line ends with CR LF.
struct Reply {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::string headers;

  void header(std::string_view name, std::string_view value) {
    headers.append(name).append(": ").append(value).append("\r\n");
  }
};

/// What the server does with a request that was judged.
struct Plan {
  enum class Action { answer, reset, hang };
  Action action = Action::answer;
  std::int64_t delay_ms = 0;
  Reply reply;
  std::uint64_t ticket = 0;  ///< handed back to Judge::answered; 0: nobody waits for it
};

/// Who decides what a request gets. Called on the server's thread only; never throws.
class Judge {
 public:
  virtual ~Judge() = default;
  virtual Plan judge(Request& request) = 0;
  /// The plan was carried out; `reached` is false when the client had gone before its answer.
  virtual void answered(std::uint64_t ticket, bool reached) = 0;
};

}  // namespace sandbox
