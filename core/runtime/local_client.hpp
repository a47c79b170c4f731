// A blocking client of the host's socket file, and the clock, for the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "runtime/http.hpp"

namespace tenon::runtime {

/// GET `target` (origin form) from the server that listens on the socket file `path`. Blocks at most 30 s;
/// answers of up to 64 MiB. Any status is a success. Errors: `connect_failed` (no such file, or nobody
/// listens), `timeout`, `response_too_large`, `bad_response`.
Result<HttpResponse> local_get(const std::string& path, const std::string& target);
/// The same as POST, with a JSON body.
Result<HttpResponse> local_post(const std::string& path, const std::string& target, const std::string& body);

/// The machine's clock, for verbs that have no runtime: milliseconds since the Unix epoch.
std::int64_t wall_now_ms();
/// One that is never set: milliseconds since some moment.
std::int64_t steady_now_ms();
/// Blocks the calling thread.
void pause_for(std::chrono::milliseconds time);

}  // namespace tenon::runtime
