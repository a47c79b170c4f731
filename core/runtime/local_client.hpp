// A blocking client of the host's socket file, for the command line.
#pragma once

#include <string>

#include "base/result.hpp"
#include "runtime/http.hpp"

namespace tenon::runtime {

/// GET `target` (origin form) from the server that listens on the socket file `path`. Blocks at most 30 s;
/// answers of up to 64 MiB. Any status is a success. Errors: `connect_failed` (no such file, or nobody
/// listens), `timeout`, `response_too_large`, `bad_response`.
Result<HttpResponse> local_get(const std::string& path, const std::string& target);

}  // namespace tenon::runtime
