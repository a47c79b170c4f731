// Between the C table and authors' coroutines: runs one call to its end and completes it exactly once.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "tenon/context.hpp"
#include "tenon/outcome.hpp"
#include "tenon/task.hpp"

namespace tenon::sdk {

/// What the exception in flight comes to. Short texts only, so that it works out of memory too.
inline outcome outcome_of_exception() noexcept {
  try {
    try {
      throw;
    } catch (const cancelled&) {
      return outcome(verdict::cancelled, cause::none, "cancelled");
    } catch (const unreadable& e) {
      return retry(cause::ambiguous, e.what());
    } catch (const std::exception& e) {
      return rejected(cause::plugin, e.what());
    } catch (...) {
      return rejected(cause::plugin, "unknown exception");
    }
  } catch (...) {
    return outcome(verdict::rejected, cause::plugin, "out of memory");
  }
}

inline tenon_result result_of(const outcome& from) noexcept {
  tenon_result out{};
  out.size = sizeof out;
  out.verdict = static_cast<tenon_verdict>(from.verdict);
  out.cause = static_cast<tenon_cause>(from.cause);
  out.retry_after_ms = from.retry_after_ms.value_or(-1);
  out.message = lend(from.message);
  out.id = lend(from.id);
  out.version = lend(from.version);
  return out;
}
inline tenon_result result_of(tenon_verdict verdict) noexcept {
  tenon_result out{};
  out.size = sizeof out;
  out.verdict = verdict;
  out.retry_after_ms = -1;
  return out;
}

/// Only update knows an id that can be stale; elsewhere a 404 means that the address is wrong.
inline outcome without_stale(outcome from) {
  if (from.cause != cause::stale) return from;
  auto out = rejected(cause::invalid, std::move(from.message));
  out.id = std::move(from.id);
  return out;
}

inline void complete(const tenon_host* host, tenon_call call, const tenon_result& result) noexcept {
  host->complete(host->self, call, &result);
}
inline void complete(const tenon_host* host, tenon_call call, const outcome& answer) noexcept {
  complete(host, call, result_of(answer));
}
inline void complete(const tenon_host* host, tenon_call call, const found& answer) {
  if (answer.failure) return complete(host, call, without_stale(*answer.failure));
  std::vector<tenon_match> matches;
  matches.reserve(answer.matches.size());
  for (const auto& m : answer.matches)
    matches.push_back(tenon_match{sizeof(tenon_match), 0, lend(m.id), lend(m.version), lend(m.text)});
  auto out = result_of(TENON_FOUND);
  out.matches = matches.data();
  out.match_count = matches.size();
  complete(host, call, out);
}
inline void complete(const tenon_host* host, tenon_call call, const fetched& answer) {
  if (answer.failure) return complete(host, call, without_stale(*answer.failure));
  auto out = result_of(answer.is_gone ? TENON_GONE : TENON_FOUND);
  out.data = lend(answer.data);
  out.version = lend(answer.version);
  complete(host, call, out);
}
inline void complete(const tenon_host* host, tenon_call call, const page& answer) {
  if (answer.failure) return complete(host, call, without_stale(*answer.failure));
  std::vector<tenon_item> items;
  items.reserve(answer.items.size());
  for (const auto& i : answer.items)
    items.push_back(
        tenon_item{sizeof(tenon_item), 0, lend(i.key), lend(i.version), lend(i.type), lend(i.data)});
  auto out = result_of(TENON_FOUND);
  out.items = items.data();
  out.item_count = items.size();
  out.cursor = lend(answer.cursor);
  complete(host, call, out);
}

/// create and deliver: a 404 there is no stale id.
struct effect_filter {
  outcome operator()(outcome from) const { return without_stale(std::move(from)); }
};
struct no_filter {
  template <class R>
  R operator()(R from) const {
    return from;
  }
};

/// Owns the call's context and arguments (inside `start`) until it is over. The author's frames are gone
/// before `complete`, since the host may end the instance after it.
template <class R, class Filter, class Start>
detached drive(const tenon_host* host, tenon_call call, Filter filter, Start start) {
  context ctx(host, call);
  std::optional<R> answer;
  std::optional<outcome> failure;
  try {
    task<R> running = start(ctx);
    answer.emplace(co_await running);
  } catch (...) {
    failure.emplace(outcome_of_exception());
  }
  if (!failure) {
    try {
      complete(host, call, filter(std::move(*answer)));
      co_return;
    } catch (...) {
      failure.emplace(outcome_of_exception());
    }
  }
  complete(host, call, *failure);
}

/// Runs `enter` and completes the call if that throws: nothing passes the border.
template <class Enter>
void guarded(const tenon_host* host, tenon_call call, Enter enter) noexcept {
  try {
    enter();
  } catch (...) {
    const auto failure = outcome_of_exception();
    complete(host, call, failure);
  }
}

}  // namespace tenon::sdk
