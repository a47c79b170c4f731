// Requests of a plugin: checked, signed, sent through the gate, recorded, answered.
#include <algorithm>

#include "base/text.hpp"
#include "event/outcome.hpp"
#include "plugin/guest.hpp"
#include "runtime/crash_point.hpp"
#include "runtime/http_check.hpp"

namespace tenon::plugin {
namespace {

constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostHeaderBytes = 8192;
constexpr std::size_t kMostUrl = 16384;
constexpr unsigned kMostRequests = 100;  ///< of one call: a plugin must not loop
constexpr unsigned kMostUnwinding = 10'000;
constexpr std::uint32_t kUsualTimeoutMs = 60'000;

tenon_str lend(std::string_view text) { return {text.data(), text.size()}; }

tenon_sent abi_sent(runtime::RequestSent sent) {
  switch (sent) {
    case runtime::RequestSent::no:
      return TENON_SENT_NO;
    case runtime::RequestSent::maybe:
      return TENON_SENT_MAYBE;
    default:
      return TENON_SENT_YES;
  }
}

Sent known_sent(runtime::RequestSent sent) {
  switch (sent) {
    case runtime::RequestSent::no:
      return Sent::no;
    case runtime::RequestSent::maybe:
      return Sent::maybe;
    default:
      return Sent::yes;
  }
}

std::uint32_t abi_error(const runtime::HttpResult& result, bool expired) {
  if (result.response) return TENON_HTTP_OK;
  const std::string& code = result.error.code;
  if (code == "timeout") return TENON_HTTP_TIMEOUT;
  if (code == "cancelled") return expired ? TENON_HTTP_TIMEOUT : TENON_HTTP_CANCELLED;
  if (code == "response_too_large") return TENON_HTTP_TOO_LARGE;
  if (code == "bad_url" || code == "bad_header") return TENON_HTTP_REFUSED;
  return TENON_HTTP_FAILED;
}

bool is_method(std::string_view method) {
  constexpr std::string_view kAll[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::find(std::begin(kAll), std::end(kAll), method) != std::end(kAll);
}

bool may_write(std::string_view method, std::uint32_t flags) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return false;
  return (flags & TENON_HTTP_SAFE) == 0;
}

}  // namespace

void Guest::http(CallId id, const tenon_http_request* from, tenon_http_done done, void* user) {
  if (!done) return broke("http", "a request without a function for its answer");
  const auto found = calls_.find(id);
  if (found == calls_.end()) {
    broke("http", "a request for a call that is not open");
    return answer_later(id, done, user, {TENON_HTTP_CANCELLED, "no such call"});
  }
  Call& call = found->second;
  runtime::HttpRequest request;
  bool effect = false;
  if (auto refusal = prepare(call, from, request, effect)) {
    if (refusal->error == TENON_HTTP_REFUSED) broke("request_refused", refusal->message);
    return answer_later(id, done, user, std::move(*refusal));
  }
  if (call.options.shadow && may_write(request.method, from->flags)) {
    withhold(call, request);
    return answer_later(id, done, user, {TENON_HTTP_CANCELLED, "not sent: the pipeline is a shadow"});
  }
  const std::uint64_t number = next_request_++;
  ++call.requests;
  if (effect) call.open_effect = number;
  Request& kept = requests_[number];
  kept.call = id;
  kept.done = done;
  kept.user = user;
  kept.effect = effect;
  kept.exchange = begin_exchange(call, request);
  TENON_CRASH_POINT("http.before_send");
  kept.handle = setup_->host.gate->send(setup_->connection, call.options.rank, std::move(request),
                                        [self = shared_from_this(), number](runtime::HttpResult result) {
                                          self->answered(number, std::move(result));
                                        });
}

/// Makes `out` of what the plugin asks for, or says why it will not be sent.
std::optional<Guest::Refusal> Guest::prepare(Call& call, const tenon_http_request* from,
                                             runtime::HttpRequest& out, bool& effect) {
  const auto refuse = [](std::string why) { return Refusal{TENON_HTTP_REFUSED, std::move(why)}; };
  if (call.cancelled) return Refusal{TENON_HTTP_CANCELLED, "cancelled"};
  if (call.expired) return Refusal{TENON_HTTP_TIMEOUT, "the call's time is over"};
  if (!setup_->host.gate) return refuse("this instance makes no requests");
  if (call.requests >= kMostRequests) return refuse("more than 100 requests in one call");
  Borrowed in;
  if (!in.structure(from, "tenon_http_request")) return refuse(in.problem());
  out.method = in.text(from->method, "the method");
  out.url = in.text(from->url, "the URL", kMostUrl);
  out.body = in.bytes(from->body, "the body");
  if (auto refusal = copy_headers(*from, in, out)) return refusal;
  if (!is_method(out.method)) return refuse("not a method that connectors use");
  const auto target = runtime::check_request(out);
  if (!target) return refuse(target.error().message);
  if (const auto why = setup_->hosts.refusal(*target)) return refuse(*why);

  effect = (out.method == "POST" || out.method == "PATCH") && (from->flags & TENON_HTTP_SAFE) == 0;
  if (effect && (call.open_effect != 0 || call.seen.effect))
    return refuse("a second non-idempotent request in one call");
  const auto wanted = std::chrono::milliseconds(from->timeout_ms == 0 ? kUsualTimeoutMs : from->timeout_ms);
  const auto left = call.due - setup_->host.runtime->clock().steady();
  if (left <= runtime::Duration::zero()) return Refusal{TENON_HTTP_TIMEOUT, "the call's time is over"};
  out.timeout = std::min<runtime::Duration>(wanted, left);
  out.connect_timeout = std::min(out.connect_timeout, out.timeout);
  const Credential& credential = setup_->credential;
  if (!credential.header().empty())
    out.headers.emplace_back(credential.header(), credential.value().reveal());
  return std::nullopt;
}

std::optional<Guest::Refusal> Guest::copy_headers(const tenon_http_request& from, Borrowed& in,
                                                  runtime::HttpRequest& out) const {
  if (in.array(from.headers, from.header_count, kMostHeaders, "headers")) {
    for (std::size_t i = 0; i < from.header_count && in.ok(); ++i) {
      const auto& one = Borrowed::element(from.headers, i);
      out.headers.emplace_back(in.bytes(one.name, "a header's name", 256),
                               in.bytes(one.value, "a header", kMostHeaderBytes));
      if (setup_->credential.owns(out.headers.back().first))
        in.fail(out.headers.back().first + " is the host's to set");
    }
  }
  if (in.ok()) return std::nullopt;
  return Refusal{TENON_HTTP_REFUSED, in.problem()};
}

std::optional<observe::Exchange> Guest::begin_exchange(const Call& call,
                                                       const runtime::HttpRequest& request) const {
  if (!call.options.conversation) return std::nullopt;
  observe::Exchange out;
  out.method = request.method;
  out.url = request.url;
  out.request_headers = request.headers;
  // One byte more than is kept, so that the cut is seen; a few more, so that a secret at the edge is known as
  // one.
  out.request_body = request.body.substr(0, observe::Conversation::kBodyLimit + 1024);
  return out;
}

void Guest::withhold(Call& call, const runtime::HttpRequest& request) {
  call.withheld = true;
  auto exchange = begin_exchange(call, request);
  if (!exchange) return;
  exchange->sent = name_of(Sent::no);
  exchange->error = "not sent: the pipeline is a shadow";
  call.options.conversation->add(std::move(*exchange), setup_->redactor);
}

void Guest::record(Call& call, Request& request, const runtime::HttpResult& result) {
  const Sent sent = known_sent(result.sent);
  call.seen.last = sent;
  const int status = result.response ? result.response->status : 0;
  call.seen.redirected = status >= 300 && status < 400 && status != 304;
  if (!result.response && (result.error.code == "needs_reauth" || result.error.code == "oauth_refused"))
    call.seen.no_credential = result.error.text();
  if (request.effect) {
    call.seen.effect = sent;
    call.open_effect = 0;
  } else if (call.seen.effect && sent == Sent::yes) {
    call.seen.answered_after = true;
  }
  if (!request.exchange || !call.options.conversation) return;
  if (call.options.answer != nullptr) {
    plugin::Answer& last = *call.options.answer = plugin::Answer();
    last.method = request.exchange->method;
    last.url = request.exchange->url;
    if (result.response) {
      last.status = result.response->status;
      last.headers = result.response->headers;
      last.body = result.response->body;
    }
  }
  observe::Exchange& exchange = *request.exchange;
  exchange.sent = name_of(sent);
  exchange.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(result.elapsed).count();
  if (result.response) {
    exchange.status = result.response->status;
    exchange.response_headers = result.response->headers;
    exchange.response_body = result.response->body.substr(0, observe::Conversation::kBodyLimit + 1024);
  } else {
    exchange.error = result.error.text();
  }
  call.options.conversation->add(std::move(exchange), setup_->redactor);
}

void Guest::answered(std::uint64_t number, runtime::HttpResult result) {
  auto node = requests_.extract(number);
  if (closed_ || node.empty()) return;
  Request& request = node.mapped();
  tenon_http_response out{};
  out.size = sizeof out;
  std::vector<tenon_header> headers;
  const auto found = calls_.find(request.call);
  if (found == calls_.end()) {
    // The call is over: the plugin hears that its request is too, and no more.
    out.error = TENON_HTTP_CANCELLED;
    out.sent = abi_sent(result.sent);
    out.message = lend("the call is over");
    return answer(request.call, request.done, request.user, out);
  }
  TENON_CRASH_POINT("http.after_answer");
  record(found->second, request, result);
  out.error = abi_error(result, found->second.expired);
  out.sent = abi_sent(result.sent);
  if (result.response) {
    out.status = result.response->status;
    headers.reserve(result.response->headers.size());
    for (const auto& [name, value] : result.response->headers)
      headers.push_back({sizeof(tenon_header), 0, lend(name), lend(value)});
    out.headers = headers.data();
    out.header_count = headers.size();
    out.body = lend(result.response->body);
  } else {
    out.message = lend(result.error.message);
  }
  answer(request.call, request.done, request.user, out);
}

void Guest::answer(CallId call, tenon_http_done done, void* user, const tenon_http_response& response) {
  const auto found = calls_.find(call);
  enter(found == calls_.end() ? "http" : name_of(found->second.kind), call, [&] { done(user, &response); });
}

void Guest::answer_later(CallId call, tenon_http_done done, void* user, Refusal refusal) {
  owed_.push_back({call, done, user, std::move(refusal)});
  if (closing_) return;
  setup_->host.executor->post([self = shared_from_this()] { self->answer_owed(); });
}

void Guest::answer_owed() {
  if (owed_.empty()) return;
  const Owed owed = std::move(owed_.front());
  owed_.pop_front();
  tenon_http_response out{};
  out.size = sizeof out;
  out.error = owed.refusal.error;
  out.sent = TENON_SENT_NO;
  out.message = lend(owed.refusal.message);
  answer(owed.call, owed.done, owed.user, out);
}

/// Ends every wait of the plugin, from outside of it. What it asks for meanwhile is cancelled too; not for
/// ever.
void Guest::unwind() {
  take_over_door();
  for (auto& [id, call] : calls_) call.cancelled = true;
  tenon_http_response cancelled{};
  cancelled.size = sizeof cancelled;
  cancelled.error = TENON_HTTP_CANCELLED;
  cancelled.sent = TENON_SENT_MAYBE;
  cancelled.message = lend("the host ends this instance");
  for (auto& [number, request] : std::exchange(requests_, {}))
    answer(request.call, request.done, request.user, cancelled);
  for (unsigned left = kMostUnwinding; left > 0 && !owed_.empty(); --left) answer_owed();
  owed_.clear();
}

}  // namespace tenon::plugin
