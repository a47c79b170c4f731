#include "plugin/guest.hpp"

#include <atomic>
#include <deque>

#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace tenon::plugin {
namespace {

/// How long a call may take to unwind after its request was cancelled.
constexpr runtime::Duration kGrace = std::chrono::seconds(5);

using Verdict = CallResult::Verdict;

CallResult failure(Verdict verdict, std::string message) {
  CallResult out;
  out.verdict = verdict;
  out.cause = Cause::plugin;
  out.message = std::move(message);
  return out;
}

tenon_str lend(std::string_view text) { return {text.data(), text.size()}; }

void collect(const ConnectionSpec& spec, const Credential& credential, std::vector<std::string_view>& out) {
  for (const auto& [name, secret] : spec.secrets) out.push_back(secret.reveal());
  for (const auto& [scheme, secrets] : spec.old_secrets) {
    for (const Secret& secret : secrets) out.push_back(secret.reveal());
  }
  if (spec.oauth2) out.push_back(spec.oauth2->client_secret.reveal());
  // A basic credential travels as one base64 text that holds none of its parts as they are.
  const std::string_view value = credential.value().reveal();
  if (!value.empty()) out.push_back(value.substr(value.starts_with("Basic ") ? 6 : 0));
}

std::shared_ptr<const observe::Redactor> own_redactor(const ConnectionSpec& spec,
                                                      const Credential& credential) {
  std::vector<std::string_view> secrets;
  collect(spec, credential, secrets);
  auto made = std::make_shared<observe::Redactor>();
  made->add_all(secrets);
  return made;
}

}  // namespace

void teach(observe::Redactor& redactor, const std::map<std::string, ConnectionSpec>& connections,
           const Registry& registry) {
  std::vector<std::string_view> secrets;
  std::deque<Credential> credentials;
  for (const auto& [name, spec] : connections) {
    const ConnectorManifest* const manifest = registry.find(spec.connector);
    if (manifest != nullptr) collect(spec, credentials.emplace_back(spec, *manifest), secrets);
  }
  redactor.add_all(secrets);
}

std::shared_ptr<const observe::Redactor> redactor_of(const std::map<std::string, ConnectionSpec>& connections,
                                                     const Registry& registry) {
  auto made = std::make_shared<observe::Redactor>();
  teach(*made, connections, registry);
  return made;
}

GuestSetup::GuestSetup(const ConnectionSpec& spec, const ConnectorManifest& declared,
                       const tenon_connector& functions, const InstanceHost& needs)
    : connection(spec),
      manifest(declared),
      table(functions),
      host(needs),
      hosts(spec.hosts),
      credential(spec, declared),
      known_secrets(needs.redactor ? needs.redactor : own_redactor(spec, credential)),
      redactor(*known_secrets) {}

CallId Guest::next_id() {
  static std::atomic<CallId> last{0};
  return ++last;
}

Guest::Guest(std::shared_ptr<const GuestSetup> setup) : setup_(std::move(setup)), door_(make_door(this)) {}

Guest::~Guest() { leave_door(); }

Result<std::shared_ptr<Guest>> Guest::make(std::shared_ptr<const GuestSetup> setup) {
  std::shared_ptr<Guest> guest(new Guest(std::move(setup)));
  TENON_TRY(guest->instance_, guest->create());
  return guest;
}

Result<void*> Guest::create() {
  std::optional<std::string> failed;
  creating_ = &failed;
  void* made = nullptr;
  bool returned = false;
  const std::string settings = setup_->connection.settings;
  enter("create", 0, [&] {
    made = setup_->table.create(table(), lend(settings), &on_fail, door_);
    returned = true;
  });
  creating_ = nullptr;
  const auto error = [&](std::string what) {
    return Error("plugin_create_failed",
                 "connection " + setup_->connection.name + ": " + setup_->redactor.text(what));
  };
  if (!returned) return error(failed.value_or("the plugin threw"));
  if (!made) return error(failed.value_or("the plugin made no instance and did not say why"));
  // Nobody could end what it made and called failed at once.
  if (failed) broke("failed_and_created", *failed);
  return made;
}

void Guest::close() {
  if (closing_) return;
  closing_ = true;
  unwind();
  const bool at_rest = calls_.empty() && !stuck_;
  for (auto& [id, call] : calls_)
    if (setup_->host.executor->here()) setup_->host.executor->cancel(call.timer);
  calls_.clear();
  if (instance_ && at_rest) {
    enter("destroy", 0, [&] { setup_->table.destroy(instance_); });
  } else if (instance_) {
    metrics::count("plugin_instances_abandoned", setup_->manifest.name);
  }
  closed_ = true;
  leave_door();
}

void Guest::broke(std::string_view rule, std::string_view detail) const {
  metrics::count("plugin_contract_broken", rule);
  log::warn(codes::kPluginContractBroken, "a plugin broke the rules of its border",
            {{"connector", setup_->manifest.name},
             {"rule", rule},
             {"detail", setup_->redactor.text(detail)},
             {"connection", setup_->connection.name}});
}

void Guest::threw(std::string_view function, CallId call, const std::string& text) {
  const std::string words =
      std::string(function) + " threw: " + Borrowed().words(lend(text), "the exception's text");
  broke("threw", words);
  if (creating_ && !*creating_) *creating_ = words;
  if (accepting_) accepting_->in.fail(words);
  if (calls_.contains(call)) finish(call, failure(Verdict::rejected, words));
}

CallId Guest::open(CallKind kind, CallOptions options, CallDone done) {
  const CallId id = next_id();
  Call call;
  call.kind = kind;
  call.options = options;
  call.done = std::move(done);
  call.due = setup_->host.runtime->clock().steady() + options.deadline;
  call.timer = setup_->host.executor->after(options.deadline, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->expire(id);
  });
  calls_.emplace(id, std::move(call));
  return id;
}

void Guest::completed(CallId id, const tenon_result* result) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) {
    broke("completed_late_or_twice", "a call that is not open");
    return use_late(id, result);
  }
  // A plugin hears of a request that was withheld as of one that was cancelled, and may say so.
  CallResult out = copy_result(result, call->second.kind, call->second.cancelled || call->second.withheld);
  if (out.cause == Cause::plugin && out.verdict == Verdict::rejected) broke("result", out.message);
  finish(id, std::move(out));
}

/// Whoever asked has had an answer. What the plugin knows by now may spare it a search.
void Guest::use_late(CallId id, const tenon_result* result) {
  auto call = given_up_.extract(id);
  if (call.empty() || closing_) return;
  CallResult out = copy_result(result, call.mapped().kind, false);
  apply_knowledge(out, call.mapped().seen);
  if (out.verdict == Verdict::delivered) call.mapped().late(out);
}

void Guest::finish(CallId id, CallResult result) {
  auto node = calls_.extract(id);
  Call& call = node.mapped();
  if (setup_->host.executor->here()) setup_->host.executor->cancel(call.timer);
  if (closing_) return;
  // An effect that is still on its way may happen or not.
  if (call.open_effect != 0) call.seen.effect = Sent::maybe;
  if (call.cancelled && (result.verdict == Verdict::retry || result.verdict == Verdict::rejected))
    result.verdict = Verdict::cancelled;
  if (call.withheld && !call.cancelled) {
    result = CallResult();
    result.verdict = Verdict::withheld;
  }
  apply_knowledge(result, call.seen);
  if (!result.message.empty()) result.message = setup_->redactor.text(result.message);
  stop_requests(id, call);
  setup_->host.executor->post(
      [done = std::move(call.done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void Guest::stop_requests(CallId id, Call& call) {
  if (call.requests == 0) return;
  std::vector<Gate::Handle> open;
  for (const auto& [number, request] : requests_)
    if (request.call == id) open.push_back(request.handle);
  for (const auto handle : open) setup_->host.gate->cancel(handle);
}

void Guest::cancel(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.cancelled) return;
  Call& call = found->second;
  call.cancelled = true;
  setup_->host.executor->cancel(call.timer);
  call.timer = setup_->host.executor->after(kGrace, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->give_up(id);
  });
  stop_requests(id, call);
}

/// Past the deadline. A call that waits for the network gets a timeout as its answer and may still say what
/// it makes of that; one that waits for nothing will never end.
void Guest::expire(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Call& call = found->second;
  bool waiting = false;
  for (const auto& [number, request] : requests_) waiting = waiting || request.call == id;
  if (!waiting) return give_up(id);
  call.expired = true;
  call.timer = setup_->host.executor->after(kGrace, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->give_up(id);
  });
  stop_requests(id, call);
}

void Guest::give_up(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  stuck_ = true;
  const Call& call = found->second;
  if (call.options.late && !call.withheld) {
    GivenUp& kept = given_up_[id] = {call.kind, call.seen, call.options.late};
    if (call.open_effect != 0) kept.seen.effect = Sent::maybe;
  }
  const auto kind = name_of(call.kind);
  metrics::count("plugin_stuck", setup_->manifest.name);
  log::error(codes::kPluginStuck, "a plugin did not complete a call; its instance is given up",
             {{"connector", setup_->manifest.name}, {"call", kind}, {"connection", setup_->connection.name}});
  finish(id, failure(Verdict::retry, "plugin_stuck: " + std::string(kind) + " was not completed in time"));
}

Result<std::vector<Event>> Guest::accept(std::string_view body, const runtime::Headers& headers,
                                         std::int64_t now_ms, Value json) {
  std::vector<tenon_header> lent;
  lent.reserve(headers.size());
  for (const auto& [name, value] : headers)
    lent.push_back({sizeof(tenon_header), 0, lend(name), lend(value)});
  tenon_delivery delivery{};
  delivery.size = sizeof delivery;
  delivery.body = lend(body);
  delivery.headers = lent.data();
  delivery.header_count = lent.size();
  delivery.now_ms = now_ms;

  accepting_.emplace(body, json);
  accepting_->now_ms = now_ms;
  std::uint32_t code = 1;
  enter("accept", 0,
        [&] { code = setup_->table.source->accept(instance_, &delivery, &on_emit, &on_fail, door_); });
  Accepting done = std::move(*accepting_);
  accepting_.reset();
  if (!done.in.ok()) return Error("plugin_contract_broken", setup_->redactor.text(done.in.problem()));
  if (done.failure) return Error("malformed_event", setup_->redactor.text(*done.failure));
  if (code != 0) return Error("malformed_event", "the plugin refused the request and did not say why");
  return std::move(done.events);
}

void Guest::emit(const tenon_event* from) {
  constexpr std::size_t kMostEvents = 10'000;
  constexpr std::size_t kMostKeys = 64;
  Borrowed& in = accepting_->in;
  if (!in.structure(from, "tenon_event")) return;
  if (accepting_->events.size() >= kMostEvents) return in.fail("more than 10000 events of one request");
  Event event;
  event.id = in.text(from->id, "the event's id");
  event.key = in.text(from->key, "the event's key");
  event.type = in.text(from->type, "the event's type");
  std::string version = in.text(from->version, "the event's version");
  if (!version.empty()) event.version = std::move(version);
  if (from->time_ms >= 0) event.time_ms = from->time_ms;
  event.thin = (from->flags & TENON_EVENT_THIN) != 0;
  if (in.array(from->keys, from->key_count, kMostKeys, "the event's keys")) {
    for (std::size_t i = 0; i < from->key_count && in.ok(); ++i) {
      const auto& one = Borrowed::element(from->keys, i);
      event.keys.emplace_back(in.text(one.name, "a key's name"), in.text(one.value, "a key's value"));
    }
  }
  event.data = in.bytes(from->data, "the event's data");
  if (event.key.empty()) in.fail("an event without a key");
  if (event.type.empty()) in.fail("an event without a type");
  if (!in.ok()) return;
  // What the host itself wrote as JSON needs no second look.
  if (!accepting_->body.handed_out(event.data)) {
    Arena scratch;
    if (!parse_json(event.data, scratch)) return in.fail("an event whose data is not JSON");
  }
  accepting_->events.push_back(std::move(event));
}

}  // namespace tenon::plugin
