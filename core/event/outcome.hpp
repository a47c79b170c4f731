// Outcome: what one attempt came to. A connector says what happened; the host decides what follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

enum class Verdict : std::uint8_t { delivered, retry, rejected };

/// Why it is not delivered.
enum class Cause : std::uint8_t {
  none,
  not_sent,      ///< nothing left this host: safe to repeat
  ambiguous,     ///< sent, and no telling whether it took effect
  throttled,     ///< the remote asked for a pause; uses no attempt
  auth,          ///< credentials were refused
  stale,         ///< the id that we hold is gone at the remote
  conflict,      ///< the remote says that it exists already, or changed meanwhile
  remote_error,  ///< the remote failed
  invalid,       ///< the remote, or our own check, refuses the record: same input, same answer
  plugin,        ///< the plugin threw, broke its contract or did not answer
};

/// Whether the remote may have seen the request; only the transport knows.
enum class Sent : std::uint8_t { no, maybe, yes };

std::string_view name_of(Verdict value);
std::string_view name_of(Cause value);
std::string_view name_of(Sent value);

struct Outcome {
  Verdict verdict = Verdict::delivered;
  Cause cause = Cause::none;
  Sent sent = Sent::no;
  std::string reason;                          ///< for people: no secret, no payload
  std::optional<std::int64_t> retry_after_ms;  ///< the remote's wish, from now
  std::optional<std::string> learnt_id;        ///< id of the object at the sink
  bool redirected = false;                     ///< 3xx: nothing helps but that somebody mends the connection

  static Outcome delivered(std::optional<std::string> id = std::nullopt) {
    Outcome o;
    o.learnt_id = std::move(id);
    return o;
  }
  static Outcome retry(Cause cause, std::string reason, Sent sent = Sent::no) {
    Outcome o;
    o.verdict = Verdict::retry;
    o.cause = cause;
    o.sent = sent;
    o.reason = std::move(reason);
    return o;
  }
  static Outcome rejected(Cause cause, std::string reason) {
    Outcome o;
    o.verdict = Verdict::rejected;
    o.cause = cause;
    o.reason = std::move(reason);
    return o;
  }
  bool ok() const { return verdict == Verdict::delivered; }
};

}  // namespace tenon
