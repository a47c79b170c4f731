// Request and Answer: HTTP as ingress and admin see it, whole and without a library's types.
#pragma once

#include <string>
#include <string_view>

#include "base/function.hpp"
#include "runtime/http.hpp"

namespace tenon::ingress {

/// One request, whole, its framing checked. Header names as received; values without surrounding blanks.
struct Request {
  std::string method;
  std::string target;  ///< origin form: begins with `/`, visible ASCII
  runtime::Headers headers;
  std::string body;    ///< any bytes
  std::string remote;  ///< address of the peer for logs; "unix" on a socket file
};

/// What goes back. The server adds Date, Content-Length and Connection.
struct Answer {
  int status = 200;
  runtime::Headers headers;
  std::string body;
  bool close = false;  ///< end the connection after this answer
};

/// To be called once, on the server's executor; later calls are ignored.
using Respond = Function<void(Answer)>;
/// Runs on the server's executor; may answer inline or later.
using Handler = Function<void(Request, Respond)>;

/// A JSON answer; `body` is the JSON text.
inline Answer json_answer(int status, std::string_view body) {
  Answer answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", "application/json");
  answer.body = body;
  return answer;
}

}  // namespace tenon::ingress
