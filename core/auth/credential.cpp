#include "auth/credential.hpp"

#include <algorithm>

#include "observe/log.hpp"

namespace tenon::auth {
namespace {

using runtime::Async;
using runtime::Duration;
using runtime::Task;
using Kind = TokenAnswer::Kind;

constexpr Duration kForgetRefusals = std::chrono::minutes(10);
constexpr int kMostUnproven = 2;
constexpr std::size_t kMostKnown = 12;

Duration from_ms(std::int64_t ms) { return std::chrono::milliseconds(ms); }
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
