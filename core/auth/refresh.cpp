// Credential, its refresh: lock, mark, ask, keep. What wants one and who waits for it is in credential.cpp.
#include <algorithm>

#include "auth/credential.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::auth {
namespace {

using runtime::Async;
using runtime::Duration;
using runtime::Task;
using Kind = TokenAnswer::Kind;

constexpr Duration kMostBackoff = std::chrono::minutes(5);  ///< after failures
constexpr Duration kBusy = std::chrono::seconds(1);         ///< another process is at it
constexpr Duration kUnknownLife = std::chrono::minutes(5);  ///< of a token whose answer did not say

/// What is kept after that answer.
Tokens follower(const Tokens& current, const TokenAnswer& answer, std::int64_t now_ms) {
  Tokens next = current;
  ++next.version;
  next.access = answer.access;
  if (!answer.refresh.empty() && !answer.refresh.equals(current.refresh.reveal())) {
    next.previous_refresh = current.refresh;
    next.refresh = answer.refresh;
  }
  if (!answer.scope.empty()) next.scope = answer.scope;
  next.obtained_ms = now_ms;
  constexpr std::int64_t kUnknownMs =
      std::chrono::duration_cast<std::chrono::milliseconds>(kUnknownLife).count();
  next.lifetime_ms = answer.lifetime_ms.value_or(kUnknownMs);
  next.refreshing = false;
  return next;
}

}  // namespace

Task<> Credential::refresh() {
  const auto self = shared_from_this();
  ++refreshing_;
  ++at_work_;
  Async<Result<Held>> taken([&](Function<void(Result<Held>)> done) {
    on_writer<Result<Held>>(
        [&store = store_, name = connection_, alone = options_.single_flight]() -> Result<Held> {
          std::shared_ptr<void> lock;
          if (alone) {
            TENON_TRY(lock, store.lock(name));
          }
          return Held{std::move(lock), store.read(name)};
        },
        std::move(done));
  });
  Result<Held> held = co_await taken;
  const bool read = held && held->stored && *held->stored;
  if (!held && held.error().code == "locked") {
    busy_until_ = runtime_.clock().steady() + kBusy;
    next_refresh_ = std::max(next_refresh_, busy_until_);
    wait_for_turn();
  } else if (!held) {
    failed(held.error());
  } else if (read && (*held->stored)->version > tokens_->version) {
    // Another process was first: what it got is as good.
    take_over(*held->stored);
    serve();
  } else {
    co_await exchange(read ? **held->stored : *tokens_);
  }
  if (held) held->lock.reset();
  --refreshing_;
  --at_work_;
  // Those who came meanwhile.
  if (!waiters_.empty() && !stopping_) serve();
}

/// The refresh token for an access token; serves or tells who waits.
Task<> Credential::exchange(Tokens current) {
  doubtful_ = current.refreshing;
  current.refreshing = true;
  const Status marked = co_await write(current);
  if (!marked) {
    failed(marked.error());
    co_return;
  }
  TENON_CRASH_POINT("oauth.before_request");
  const Duration asked = runtime_.clock().steady();
  const TokenAnswer answer = co_await ask_in_turn(current);
  metrics::count("oauth_refreshes", answer.kind == Kind::issued ? "issued" : "failed");
  if (answer.kind == Kind::issued) {
    if (!answer.lifetime_ms)
      log::warn(codes::kTokenUnavailable, "a token came without a lifetime that can be believed",
                {{"connection", connection_}});
    const Tokens next = follower(current, answer, runtime_.clock().wall_ms());
    co_await keep(next, asked);
  } else if (answer.kind == Kind::invalid_grant) {
    const bool stuck = co_await give_up(current, answer.why);
    if (stuck) {
      serve(*stuck_);
    } else {
      serve();
    }
  } else {
    failed(answer);
  }
}

Task<TokenAnswer> Credential::ask(const Secret& refresh_token) {
  Async<runtime::HttpResult> answered([&](Function<void(runtime::HttpResult)> done) {
    asking_ = runtime_.http().start(refresh_request(oauth2_, refresh_token), std::move(done));
    TENON_CRASH_POINT("oauth.request_sent");
  });
  runtime::HttpResult result = co_await answered;
  TENON_CRASH_POINT("oauth.answered");
  asking_ = 0;
  TokenAnswer answer = read_token_answer(result);
  answer.why = redactor_.text(answer.why);
  co_return answer;
}

/// The same token once more where no answer came: it may have been exchanged unheard, and many providers
/// answer that again for a while. The one before it only if the current one is no longer good and that may be
/// why: shown without need it would look like theft.
Task<TokenAnswer> Credential::ask_in_turn(const Tokens& current) {
  TokenAnswer answer = co_await ask(current.refresh);
  if (answer.kind == Kind::transient && answer.lost && answer.unheard && !stopping_) {
    doubtful_ = true;
    answer = co_await ask(current.refresh);
  }
  const Secret& previous = current.previous_refresh;
  if (answer.kind == Kind::invalid_grant && doubtful_ && !previous.empty()) {
    log::info("the refresh token is not taken; the one before it is tried", {{"connection", connection_}});
    TokenAnswer second = co_await ask(previous);
    if (second.kind != Kind::invalid_grant) answer = std::move(second);
  }
  co_return answer;
}

Task<Status> Credential::write(const Tokens& tokens) {
  Async<Status> written([&](Function<void(Status)> done) {
    on_writer<Status>([&store = store_, name = connection_, tokens] { return store.write(name, tokens); },
                      std::move(done));
  });
  Status status = co_await written;
  co_return status;
}

/// On disk first: a token that is used and then forgotten takes its whole family with it.
Task<> Credential::keep(const Tokens& next, Duration asked) {
  remember(next);
  TENON_CRASH_POINT("oauth.before_commit");
  for (bool said = false;;) {
    const Status written = co_await write(next);
    if (written) break;
    if (!said)
      log::error(codes::kTokenUnavailable, "a new token cannot be written and is not used before it is",
                 {{"connection", connection_}, {"reason", written.error().text()}});
    said = true;
    serve(Error("token_unavailable", "a new token cannot be written: " + written.error().text()));
    if (stopping_) co_return;
    Async<bool> pause([&](Function<void(bool)> done) {
      runtime_.delivery().after(kBusy, [done = std::move(done)] { done(true); });
    });
    co_await pause;
  }
  TENON_CRASH_POINT("oauth.committed");
  refreshed_ = runtime_.clock().steady();
  next_refresh_ = refreshed_ + kBetween;
  log::info("an access token was renewed", {{"connection", connection_}, {"version", next.version}});
  if (refused_ == next.version - 1) ++unproven_;
  adopt(next, asked);
  serve();
  TENON_CRASH_POINT("oauth.published");
}

/// False: the store holds newer ones after all.
Task<bool> Credential::give_up(Tokens& current, const std::string& why) {
  Async<Result<std::optional<Tokens>>> read([&](Function<void(Result<std::optional<Tokens>>)> done) {
    on_writer<Result<std::optional<Tokens>>>(
        [&store = store_, name = connection_] { return store.read(name); }, std::move(done));
  });
  const Result<std::optional<Tokens>> stored = co_await read;
  if (stored && *stored && (*stored)->version > current.version) {
    take_over(*stored);
    co_return stuck_.has_value();
  }
  current.refreshing = false;
  current.needs_reauth = "the refresh token is no longer taken (" + why + ")";
  const Status written = co_await write(current);
  if (!written)
    log::warn(codes::kTokenUnavailable, "that a connection needs a login could not be written",
              {{"connection", connection_}, {"reason", written.error().text()}});
  tokens_ = current;
  stick(current.needs_reauth + ": run `tenon auth login " + connection_ + "`");
  co_return true;
}

void Credential::failed(const Error& error) {
  TokenAnswer nothing;
  nothing.why = error.text();
  failed(nothing);
}

void Credential::failed(const TokenAnswer& answer) {
  ++failures_;
  const bool refused = answer.kind == Kind::refused;
  const std::string why = refused ? "the token endpoint refuses the client (" + answer.why +
                                        "): mend `oauth2:` and restart or apply"
                                  : answer.why;
  const Error now(refused ? "oauth_refused" : "token_unavailable", redactor_.text(why));
  if (!failure_ || failure_->message != now.message) {
    const ErrorCode& code = refused ? codes::kOauthRefused : codes::kTokenUnavailable;
    log::warn(code, "an access token could not be renewed",
              {{"connection", connection_}, {"reason", now.message}, {"token_still_valid", valid()}});
  }
  failure_ = now;
  const Duration backoff = std::min(kMostBackoff, kBetween * (1 << std::min(failures_ - 1, 5)));
  const Duration spread =
      std::chrono::duration_cast<Duration>(backoff * (0.25 * runtime_.random().uniform()));
  next_refresh_ =
      runtime_.clock().steady() +
      std::max<Duration>(backoff + spread, std::chrono::milliseconds(answer.retry_after_ms.value_or(0)));
  if (!valid()) serve(now);
  wait_for_turn();
}

}  // namespace tenon::auth
