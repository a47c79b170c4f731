#include "auth/credential.hpp"

#include <algorithm>

#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::auth {
namespace {

using runtime::Async;
using runtime::Duration;
using runtime::Task;
using Kind = TokenAnswer::Kind;

constexpr Duration kBetween = std::chrono::seconds(10);     ///< two refreshes, at least
constexpr Duration kMostBackoff = std::chrono::minutes(5);  ///< after failures
constexpr Duration kBusy = std::chrono::seconds(1);         ///< another process is at it
constexpr Duration kUnknownLife = std::chrono::minutes(5);  ///< of a token whose answer did not say
constexpr Duration kForgetRefusals = std::chrono::minutes(10);
constexpr int kMostUnproven = 2;
constexpr std::size_t kMostKnown = 12;

Duration from_ms(std::int64_t ms) { return std::chrono::milliseconds(ms); }
std::int64_t to_ms(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

Duration part_of(Duration whole, double part) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(whole.count()) * part));
}

}  // namespace

Credential::Credential(runtime::Runtime& runtime, TokenStore& store, observe::Redactor& redactor,
                       std::string connection, plugin::OAuth2 oauth2, CredentialOptions options)
    : runtime_(runtime),
      store_(store),
      redactor_(redactor),
      connection_(std::move(connection)),
      oauth2_(std::move(oauth2)),
      options_(options) {}

Status Credential::load() {
  TENON_TRY(const std::optional<Tokens> stored, store_.read(connection_));
  take_over(stored);
  return {};
}

/// Files are the writer thread's: delivery does not block.
template <class T, class F>
void Credential::on_writer(F work, Function<void(T)> done) {
  runtime_.writer().post(
      [&delivery = runtime_.delivery(), work = std::move(work), done = std::move(done)]() mutable {
        delivery.post([done = std::move(done), result = work()]() mutable { done(std::move(result)); });
      });
}

bool Credential::valid() const {
  return tokens_ && !stuck_ && runtime_.clock().steady() < expires_ && refused_ != tokens_->version;
}

// --- what is known

void Credential::take_over(const std::optional<Tokens>& stored) {
  const std::string login = "run `tenon auth login " + connection_ + "`";
  if (!stored) return stick("nobody has logged in: " + login);
  remember(*stored);
  if (stored->client != client_of(oauth2_)) {
    tokens_ = *stored;
    return stick("the tokens are of another client_id or token_url: " + login);
  }
  const std::int64_t age =
      std::clamp<std::int64_t>(runtime_.clock().wall_ms() - stored->obtained_ms, 0, stored->lifetime_ms);
  adopt(*stored, runtime_.clock().steady() - from_ms(age));
  if (!stored->needs_reauth.empty()) stick(stored->needs_reauth + ": " + login);
}

void Credential::adopt(Tokens tokens, Duration obtained) {
  const Duration life = from_ms(tokens.lifetime_ms);
  expires_ = obtained + life;
  tokens_ = std::move(tokens);
  stuck_.reset();
  refused_.reset();
  failure_.reset();
  failures_ = 0;
  remember(*tokens_);
  // Of many credentials that were issued together not all are renewed together.
  const double part = 0.8 + 0.05 * (2 * runtime_.random().uniform() - 1);
  next_refresh_ = std::max(next_refresh_, obtained + part_of(life, part));
  wait_for_turn();
}

void Credential::remember(const Tokens& tokens) {
  for (const Secret* each : {&tokens.access, &tokens.refresh, &tokens.previous_refresh}) {
    const auto same = [each](const Secret& known) { return known.equals(each->reveal()); };
    if (!each->empty() && std::none_of(known_.begin(), known_.end(), same)) known_.push_back(*each);
  }
  while (known_.size() > kMostKnown) known_.pop_front();
  std::vector<std::string_view> all;
  for (const Secret& each : known_) all.push_back(each.reveal());
  redactor_.set("tokens of " + connection_, all);
}

/// Once for each reason: whoever is held by it says the same.
void Credential::stick(std::string why) {
  const Error error("needs_reauth", redactor_.text(why));
  if (!stuck_ || stuck_->message != error.message)
    log::error(codes::kNeedsReauth, "a connection has no token to send; its events wait",
               {{"connection", connection_}, {"reason", error.message}});
  stuck_ = error;
  runtime_.delivery().cancel(timer_);
  timer_ = 0;
}

// --- whoever wants a token

void Credential::get(Done done) {
  if (stopping_ || valid()) {
    Result<Grant> answer = Error("cancelled", "the host stops");
    if (!stopping_) answer = Grant{tokens_->version, tokens_->access};
    runtime_.delivery().post(
        [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
    return;
  }
  waiters_.push_back(std::move(done));
  if (stuck_) return look_again();
  want_refresh();
}

void Credential::renew(std::uint64_t refused, Done done) {
  const bool is_current = tokens_ && !stuck_ && !stopping_ && tokens_->version == refused;
  if (!is_current || (refreshing_ > 0 && options_.single_flight)) {
    if (is_current) refused_ = refused;
    return get(std::move(done));
  }
  const Duration now = runtime_.clock().steady();
  if (now - refreshed_ > kForgetRefusals) unproven_ = 0;
  const Duration soonest = refreshed_ == Duration() ? now : std::max(now, refreshed_ + kBetween);
  // What replaced a refused token is refused as well: another one would be too.
  const bool in_vain = unproven_ >= kMostUnproven || (unproven_ > 0 && now < soonest);
  if (in_vain && failures_ == 0 && options_.single_flight) {
    runtime_.delivery().post(
        [done = std::move(done), same = Grant{refused, Secret()}]() mutable { done(std::move(same)); });
    return;
  }
  refused_ = refused;
  // What held it back was that the token would do for longer.
  if (failures_ == 0) next_refresh_ = soonest;
  waiters_.push_back(std::move(done));
  want_refresh();
}

void Credential::serve() {
  for (Done& done : std::exchange(waiters_, {})) get(std::move(done));
}

void Credential::serve(const Error& error) {
  for (Done& done : std::exchange(waiters_, {})) {
    runtime_.delivery().post([done = std::move(done), error] { done(error); });
  }
}

// --- when it is renewed

void Credential::want_refresh() {
  if (stopping_ || stuck_ || (refreshing_ > 0 && options_.single_flight)) return;
  const Duration now = runtime_.clock().steady();
  // Without a token that holds the next refresh is due as soon as it may be.
  Duration earliest = next_refresh_;
  if (!valid() && failures_ == 0)
    earliest = refreshed_ == Duration() ? now : std::min(next_refresh_, refreshed_ + kBetween);
  earliest = std::max(earliest, busy_until_);
  if (now >= earliest) {
    runtime::spawn(refresh());
    return;
  }
  if (failures_ > 0 && !valid()) serve(*failure_);
  next_refresh_ = earliest;
  wait_for_turn();
}

void Credential::wait_for_turn() {
  if (stopping_ || stuck_) return;
  runtime_.delivery().cancel(timer_);
  const Duration wait = std::max<Duration>(next_refresh_ - runtime_.clock().steady(), Duration());
  timer_ = runtime_.delivery().after(wait, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->timer_ = 0;
    self->want_refresh();
  });
}

// --- the refresh; its crash points have hyphens in their names: a host without oauth2 never passes them

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
  if (!held) {
    if (held.error().code == "locked") {
      busy_until_ = runtime_.clock().steady() + kBusy;
      next_refresh_ = std::max(next_refresh_, busy_until_);
      wait_for_turn();
    } else {
      TokenAnswer nothing;
      nothing.why = held.error().text();
      failed(nothing);
    }
  } else if (read && (*held->stored)->version > tokens_->version) {
    // Another process was first: what it got is as good.
    take_over(*held->stored);
    serve();
  } else {
    Tokens current = read ? **held->stored : *tokens_;
    doubtful_ = current.refreshing;
    current.refreshing = true;
    const Status marked = co_await write(current);
    if (!marked) {
      TokenAnswer nothing;
      nothing.why = marked.error().text();
      failed(nothing);
    } else {
      TENON_CRASH_POINT("oauth.before_request");
      const Duration asked = runtime_.clock().steady();
      const TokenAnswer answer = co_await ask_in_turn(current);
      metrics::count("oauth_refreshes", answer.kind == Kind::issued ? "issued" : "failed");
      if (answer.kind == Kind::issued) {
        Tokens next = current;
        ++next.version;
        next.access = answer.access;
        if (!answer.refresh.empty() && !answer.refresh.equals(current.refresh.reveal())) {
          next.previous_refresh = current.refresh;
          next.refresh = answer.refresh;
        }
        if (!answer.scope.empty()) next.scope = answer.scope;
        next.obtained_ms = runtime_.clock().wall_ms();
        next.lifetime_ms = answer.lifetime_ms.value_or(to_ms(kUnknownLife));
        next.refreshing = false;
        if (!answer.lifetime_ms)
          log::warn(codes::kTokenUnavailable, "a token came without a lifetime that can be believed",
                    {{"connection", connection_}});
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
  }
  if (held) held->lock.reset();
  --refreshing_;
  --at_work_;
  // Those who came meanwhile.
  if (!waiters_.empty() && !stopping_) serve();
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
  const Duration spread = part_of(backoff, 0.25 * runtime_.random().uniform());
  next_refresh_ =
      runtime_.clock().steady() + std::max(backoff + spread, from_ms(answer.retry_after_ms.value_or(0)));
  if (!valid()) serve(now);
  wait_for_turn();
}

// --- somebody may have logged in

void Credential::look_again() {
  if (looking_ || stopping_) return;
  looking_ = true;
  runtime::spawn(look());
}

Task<> Credential::look() {
  const auto self = shared_from_this();
  ++at_work_;
  Async<Result<std::optional<Tokens>>> read([&](Function<void(Result<std::optional<Tokens>>)> done) {
    on_writer<Result<std::optional<Tokens>>>(
        [&store = store_, name = connection_] { return store.read(name); }, std::move(done));
  });
  const Result<std::optional<Tokens>> stored = co_await read;
  looking_ = false;
  --at_work_;
  const std::uint64_t known = tokens_ ? tokens_->version : 0;
  if (stored && *stored && (*stored)->version > known) {
    refreshed_ = Duration();
    unproven_ = 0;
    take_over(*stored);
  }
  if (stuck_) {
    serve(*stuck_);
  } else {
    serve();
  }
}

// --- the end

void Credential::stop() {
  stopping_ = true;
  runtime_.delivery().cancel(timer_);
  timer_ = 0;
  serve(Error("cancelled", "the host stops"));
}

void Credential::abandon() {
  if (asking_ != 0) runtime_.http().cancel(asking_);
}

}  // namespace tenon::auth
