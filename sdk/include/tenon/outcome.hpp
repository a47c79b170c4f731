// What a call came to: outcome, and the richer answers of find, fetch and list, each of which an outcome
// converts to.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/text.hpp"

namespace tenon {

enum class verdict : std::uint32_t {
  delivered = TENON_DELIVERED,
  retry = TENON_RETRY,
  rejected = TENON_REJECTED,
  cancelled = TENON_CANCELLED,
};

enum class cause : std::uint32_t {
  none = TENON_CAUSE_NONE,
  not_sent = TENON_CAUSE_NOT_SENT,          ///< nothing left the host
  ambiguous = TENON_CAUSE_AMBIGUOUS,        ///< sent, unknown whether it took effect
  throttled = TENON_CAUSE_THROTTLED,        ///< the remote asked for a pause
  auth = TENON_CAUSE_AUTH,                  ///< credentials refused
  stale = TENON_CAUSE_STALE,                ///< the id is gone at the remote
  conflict = TENON_CAUSE_CONFLICT,          ///< exists already, or changed meanwhile
  remote_error = TENON_CAUSE_REMOTE_ERROR,  ///< the remote failed
  invalid = TENON_CAUSE_INVALID,            ///< the record is refused
  plugin = TENON_CAUSE_PLUGIN,              ///< the plugin failed
};

/// Answer of create, update and deliver. `message` is for people and holds neither secrets nor payload.
class outcome {
 public:
  outcome(tenon::verdict v, tenon::cause c, std::string why)
      : verdict(v), cause(c), message(std::move(why)) {}

  tenon::verdict verdict;
  tenon::cause cause;
  std::string message;
  std::optional<std::int64_t> retry_after_ms;  ///< from now, if the remote named a time
  std::string id;                              ///< the sink's id, if learnt
  std::string version;                         ///< of the object written; optional

  bool ok() const noexcept { return verdict == tenon::verdict::delivered; }
};

inline outcome delivered(std::string id = {}, std::string version = {}) {
  outcome result(verdict::delivered, cause::none, {});
  result.id = std::move(id);
  result.version = std::move(version);
  return result;
}
/// Not now; the host decides when and whether.
inline outcome retry(cause why, std::string message) {
  return outcome(verdict::retry, why, std::move(message));
}
/// The same input will always fail.
inline outcome rejected(cause why, std::string message) {
  return outcome(verdict::rejected, why, std::move(message));
}
inline outcome rejected(std::string message) { return rejected(cause::invalid, std::move(message)); }

/// Thrown by `co_await ctx.http(…)` when the host cancels the call, so that frames unwind. Not a
/// std::exception: an author's catch of those lets it pass.
class cancelled {};

/// Throw it when the remote's answer cannot be read: the call ends as retry/ambiguous, not as the plugin's
/// fault.
class unreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace sdk {

/// What another kind of answer takes over from an outcome. Only create, update and deliver end as delivered.
inline outcome not_delivered(outcome from) {
  if (from.ok()) return rejected(cause::plugin, "this call cannot end as delivered");
  return from;
}

}  // namespace sdk

/// One object that `find` found: the sink's id, optionally its version and its JSON text, handed back to
/// `update`.
class match {
 public:
  explicit match(std::string object_id, std::string object_text = {}, std::string object_version = {})
      : id(std::move(object_id)), text(std::move(object_text)), version(std::move(object_version)) {}
  std::string id;
  std::string text;
  std::string version;
};

/// Answer of find: all matches, in any order; none is an answer too.
class found {
 public:
  found() = default;
  found(match one) { matches.push_back(std::move(one)); }
  found(std::vector<match> all) : matches(std::move(all)) {}
  found(outcome other) : failure(sdk::not_delivered(std::move(other))) {}

  std::vector<match> matches;
  std::optional<outcome> failure;
};

/// `co_return tenon::gone;` the object that was asked for does not exist (any more).
struct gone_t {
  constexpr explicit gone_t(int) {}
};
inline constexpr gone_t gone{0};

/// Answer of fetch and hooks: the object as JSON text, or gone, or why not.
class fetched {
 public:
  explicit fetched(std::string json_text, std::string object_version = {})
      : data(std::move(json_text)), version(std::move(object_version)) {}
  fetched(gone_t) : is_gone(true) {}
  fetched(outcome other) : failure(sdk::not_delivered(std::move(other))) {}

  std::string data;
  std::string version;
  bool is_gone = false;
  std::optional<outcome> failure;
};

/// One object of a list. `type` is an event type of the manifest, `data` JSON text.
class item {
 public:
  item(std::string object_key, std::string event_type, std::string json_text, std::string object_version = {})
      : key(std::move(object_key)),
        type(std::move(event_type)),
        data(std::move(json_text)),
        version(std::move(object_version)) {}
  std::string key;
  std::string type;
  std::string data;
  std::string version;
};

/// Answer of list: one page and the cursor of the next (empty: the end).
class page {
 public:
  explicit page(std::vector<item> all = {}, std::string next = {})
      : items(std::move(all)), cursor(std::move(next)) {}
  page(outcome other) : failure(sdk::not_delivered(std::move(other))) {}

  std::vector<item> items;
  std::string cursor;
  std::optional<outcome> failure;
};

}  // namespace tenon
