// fake_host: a connector's tests without a network and without tenon. Drives the plugin through its C table
// only, answers its requests from a script, and checks what the border asks for: each call completed exactly
// once, nothing left open, lent memory not kept (it is overwritten after every call).
//
//   tenon::testing::fake_host host(tenon_plugin_v1(), "crm", R"({"base_url": "https://crm.test"})");
//   host.answer("GET", "https://crm.test/contacts?external_id=7", reply(200, R"({"data": []})"));
//   EXPECT_EQ(host.find("upsert_contact", R"({"external_id": "7"})").summary(), "found");
//   EXPECT_EQ(host.report(), "");
//
// Needs tenon/json.hpp. One thread. Nothing runs by itself: calls go on in run().
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/testing_json.hpp"
#include "tenon/testing_types.hpp"

namespace tenon::testing {

class fake_host {
 public:
  /// Makes an instance; `failure()` tells why there is none.
  fake_host(const tenon_plugin* plugin, std::string_view connector_name, std::string_view settings_json) {
    table_.size = sizeof table_;
    table_.abi_minor = TENON_ABI_MINOR;
    table_.self = this;
    table_.log = &on_log;
    table_.http = &on_http;
    table_.complete = &on_complete;
    table_.now_ms = [](void* self) { return of(self).now_ms_; };
    table_.random = [](void* self) { return of(self).random_ += 0x9E3779B97F4A7C15u; };
    table_.json_at = &on_json_at;
    table_.json_text = &on_json_text;
    if (!plugin || plugin->abi_major != TENON_ABI_MAJOR)
      throw std::invalid_argument("not a plugin of this ABI");
    for (std::size_t i = 0; i < plugin->connector_count; ++i)
      if (sdk::view(plugin->connectors[i]->name) == connector_name) connector_ = plugin->connectors[i];
    if (!connector_) throw std::invalid_argument("no connector of that name");
    const lent_text settings_text(settings_json);
    entry inside(*this);
    instance_ = connector_->create(&table_, settings_text, &on_fail, this);
    if ((instance_ == nullptr) != failed_) problem("create must either call fail or return an instance");
  }
  fake_host(const fake_host&) = delete;
  ~fake_host() {
    for (auto& [id, call] : calls_) cancel(id);
    run();
    if (instance_) connector_->destroy(instance_);
  }

  bool made() const noexcept { return instance_ != nullptr; }
  const std::string& failure() const noexcept { return failure_; }
  const tenon_source* source() const noexcept { return connector_->source; }
  const tenon_sink* sink() const noexcept { return connector_->sink; }

  /// The next request of that method and URL gets this answer, once.
  fake_host& answer(std::string_view method, std::string_view url, reply what) {
    script_[std::string(method) + " " + std::string(url)].push_back(std::move(what));
    return *this;
  }
  /// From now on only these hosts (with port, if any) are not refused.
  fake_host& allow(std::string host_name) {
    allowed_.insert(std::move(host_name));
    return *this;
  }
  void set_now(std::int64_t unix_ms) noexcept { now_ms_ = unix_ms; }

  accepted accept(std::string_view body, const headers& all = {}) {
    accepted out;
    if (!has(connector_->source && connector_->source->accept, "accept")) return out;
    {
      const lent_text bytes(body);
      lent_headers lent(all);
      lent_structs<tenon_delivery> delivery(1);
      delivery[0].body = bytes;
      delivery[0].headers = lent.data();
      delivery[0].header_count = lent.size();
      delivery[0].now_ms = now_ms_;
      body_ = std::string(body);
      body_ok_ = body_check::passes(*body_);
      accepting_ = &out;
      entry inside(*this);
      failed_ = false;
      const auto code = connector_->source->accept(instance_, delivery.data(), &on_emit, &on_fail, this);
      out.ok = code == 0;
      if (failed_ == out.ok) problem("accept must either return 0 or call fail and return 1");
    }
    if (!out.ok) out.events.clear();
    out.failure = out.ok ? std::string() : failure_;
    body_.reset();
    lookups_.clear();
    accepting_ = nullptr;
    return out;
  }

  // Each begins a call and goes on until it is over.
  result fetch(std::string_view name, std::string_view args) { return finish(begin_fetch(name, args)); }
  result list(std::string_view name, std::string_view wanted, std::string_view cursor = {}) {
    return finish(begin_list(name, wanted, cursor));
  }
  result hooks_list(std::string_view args) { return hooks(&tenon_source::hooks_list, args); }
  result hooks_create(std::string_view args) { return hooks(&tenon_source::hooks_create, args); }
  result hooks_repair(std::string_view args) { return hooks(&tenon_source::hooks_repair, args); }
  result hooks_delete(std::string_view args) { return hooks(&tenon_source::hooks_delete, args); }
  result find(std::string_view operation, std::string_view text) {
    return finish(begin_find(operation, text));
  }
  result create(std::string_view operation, std::string_view text, std::string_view create_id) {
    return finish(begin_create(operation, text, create_id));
  }
  result update(std::string_view operation, std::string_view id, std::string_view text,
                const std::optional<match>& before = std::nullopt) {
    return finish(begin_update(operation, id, text, before));
  }
  result deliver(std::string_view operation, std::string_view text, std::string_view call_id) {
    return finish(begin_deliver(operation, text, call_id));
  }

  // The same in two steps, to look at what happens in between.
  tenon_call begin_fetch(std::string_view name, std::string_view args) {
    return begin(kind::fetch, connector_->source && connector_->source->fetch, [&](tenon_call call) {
      connector_->source->fetch(instance_, call, lent_text(name), lent_text(args));
    });
  }
  tenon_call begin_list(std::string_view name, std::string_view wanted, std::string_view cursor) {
    return begin(kind::list, connector_->source && connector_->source->list, [&](tenon_call call) {
      connector_->source->list(instance_, call, lent_text(name), lent_text(wanted), lent_text(cursor));
    });
  }
  tenon_call begin_find(std::string_view operation, std::string_view text) {
    return begin(kind::find, connector_->sink && connector_->sink->find, [&](tenon_call call) {
      connector_->sink->find(instance_, call, lent_text(operation), lent_text(text));
    });
  }
  tenon_call begin_create(std::string_view operation, std::string_view text, std::string_view create_id) {
    return begin(kind::effect, connector_->sink && connector_->sink->create, [&](tenon_call call) {
      connector_->sink->create(instance_, call, lent_text(operation), lent_text(text), lent_text(create_id));
    });
  }
  tenon_call begin_update(std::string_view operation, std::string_view id, std::string_view text,
                          const std::optional<match>& before) {
    return begin(kind::effect, connector_->sink && connector_->sink->update, [&](tenon_call call) {
      if (!before) {
        connector_->sink->update(instance_, call, lent_text(operation), lent_text(id), lent_text(text),
                                 nullptr);
        return;
      }
      const lent_text match_id(before->id), match_text(before->text), version(before->version);
      lent_structs<tenon_match> lent(1);
      lent[0].id = match_id;
      lent[0].text = match_text;
      lent[0].version = version;
      connector_->sink->update(instance_, call, lent_text(operation), lent_text(id), lent_text(text),
                               lent.data());
    });
  }
  tenon_call begin_deliver(std::string_view operation, std::string_view text, std::string_view call_id) {
    return begin(kind::effect, connector_->sink && connector_->sink->deliver, [&](tenon_call call) {
      connector_->sink->deliver(instance_, call, lent_text(operation), lent_text(text), lent_text(call_id));
    });
  }

  /// Answers what is pending, one request a turn, until nothing is.
  void run() {
    while (!pending_.empty()) turn();
  }
  /// One turn; false if there is nothing to do.
  bool turn() {
    if (pending_.empty()) return false;
    const auto next = std::move(pending_.front());
    pending_.pop_front();
    const lent_text body(next.answer.body), message(next.answer.message);
    lent_headers lent(next.answer.headers);
    lent_structs<tenon_http_response> out(1);
    out[0].error = next.answer.error;
    out[0].sent = next.answer.sent;
    out[0].status = next.answer.status;
    out[0].headers = lent.data();
    out[0].header_count = lent.size();
    out[0].body = body;
    out[0].message = message;
    entry inside(*this);
    next.done(next.user, out.data());
    return true;
  }
  /// As the host does at a deadline or shutdown: the pending request ends as cancelled, later ones too.
  void cancel(tenon_call call) {
    if (const auto it = calls_.find(call); it != calls_.end()) it->second.cancelled = true;
    for (auto& waiting : pending_)
      if (waiting.call == call)
        waiting.answer = reply::failure(TENON_HTTP_CANCELLED, waiting.answer.sent, "cancelled");
  }
  bool over(tenon_call call) const { return calls_.count(call) == 0; }
  /// Runs and takes the result.
  result finish(tenon_call call) {
    run();
    const auto it = results_.find(call);
    if (it == results_.end()) {
      if (call != 0) problem("a call was not completed");
      result none;
      none.cause = TENON_CAUSE_PLUGIN;
      none.message = "not completed";
      return none;
    }
    auto out = std::move(it->second);
    results_.erase(it);
    return out;
  }

  const std::vector<sent_request>& requests() const noexcept { return requests_; }
  const std::vector<std::string>& logs() const noexcept { return logs_; }
  /// Everything that is wrong by now, one a line: broken rules, requests that the script did not expect,
  /// answers that nobody asked for, calls that are still open. Empty is what a test wants.
  std::string report() const {
    std::string out;
    for (const auto& line : problems_) out += line + "\n";
    for (const auto& [id, call] : calls_) out += "call " + std::to_string(id) + " is still open\n";
    for (const auto& [key, rest] : script_)
      if (!rest.empty()) out += "never asked for: " + key + "\n";
    return out;
  }

 private:
  enum class kind { fetch, list, find, effect, hooks };
  struct open_call {
    kind what;
    bool cancelled = false;
    bool had_effect = false;
  };
  struct waiting_answer {
    tenon_call call;
    reply answer;
    tenon_http_done done;
    void* user;
  };
  /// Marks that the plugin is running: host functions are legal only then.
  struct entry {
    explicit entry(fake_host& h) : host(h) { ++host.depth_; }
    ~entry() { --host.depth_; }
    fake_host& host;
  };

  static fake_host& of(void* self) noexcept { return *static_cast<fake_host*>(self); }
  void problem(std::string what) { problems_.push_back(std::move(what)); }
  bool has(bool function, const char* name) {
    if (!function) problem(std::string("the connector has no ") + name);
    return function && instance_;
  }

  template <class Enter>
  tenon_call begin(kind what, bool possible, Enter enter) {
    if (!has(possible, "function for this call")) return 0;
    const auto call = ++last_call_;
    calls_.emplace(call, open_call{what});
    entry inside(*this);
    enter(call);
    return call;
  }
  template <class Member>
  result hooks(Member member, std::string_view args) {
    const auto function = connector_->source ? connector_->source->*member : nullptr;
    return finish(begin(kind::hooks, function != nullptr,
                        [&](tenon_call call) { function(instance_, call, lent_text(args)); }));
  }

  static void on_fail(void* self, tenon_str message) {
    if (of(self).failed_) of(self).problem("fail was called twice");
    of(self).failed_ = true;
    of(self).failure_ = sdk::copy(message);
  }
  static void on_log(void* self, tenon_call, std::uint32_t level, tenon_str message) {
    if (level > TENON_LOG_ERROR) of(self).problem("log with an unknown level");
    of(self).logs_.push_back(sdk::copy(message));
  }
  static void on_emit(void* self, const tenon_event* from) {
    auto& host = of(self);
    if (!host.accepting_) return host.problem("an event emitted outside of accept");
    auto out = copy_event(*from);
    if (out.key.empty() || out.type.empty()) host.problem("an event without key or type");
    if (!json::accept(out.data)) host.problem("event data that is not JSON");
    host.accepting_->events.push_back(std::move(out));
  }

  static void on_http(void* self, tenon_call call, const tenon_http_request* from, tenon_http_done done,
                      void* user) {
    auto& host = of(self);
    const auto out = copy_request(*from);
    if (host.depth_ == 0) host.problem("http from outside of an entry");
    auto what = host.reply_to(call, out);
    host.pending_.push_back(waiting_answer{call, std::move(what), done, user});
  }
  reply reply_to(tenon_call call, const sent_request& out) {
    const auto it = calls_.find(call);
    if (it == calls_.end()) {
      problem("http for a call that is not open: " + out.url);
      return reply::failure(TENON_HTTP_CANCELLED, TENON_SENT_NO, "no such call");
    }
    if (it->second.cancelled) return reply::failure(TENON_HTTP_CANCELLED, TENON_SENT_NO, "cancelled");
    const auto refused = [](const char* why) {
      return reply::failure(TENON_HTTP_REFUSED, TENON_SENT_NO, why);
    };
    const auto scheme = out.url.find("://");
    if (scheme == std::string::npos) return refused("not an absolute URL");
    const auto start = scheme + 3;
    const auto name = out.url.substr(start, out.url.find_first_of("/?", start) - start);
    if (!allowed_.empty() && allowed_.count(name) == 0) return refused("the host is not allowed");
    if ((out.method == "POST" || out.method == "PATCH") && !out.safe) {
      if (it->second.had_effect) return refused("a second non-idempotent request");
      it->second.had_effect = true;
    }
    requests_.push_back(out);
    auto& rest = script_[out.method + " " + out.url];
    if (rest.empty()) {
      problem("not expected: " + out.method + " " + out.url);
      return reply::refused_connection();
    }
    auto what = std::move(rest.front());
    rest.pop_front();
    return what;
  }

  static void on_complete(void* self, tenon_call call, const tenon_result* from) {
    auto& host = of(self);
    const auto it = host.calls_.find(call);
    if (it == host.calls_.end()) return host.problem("completed twice, or a call that never was");
    if (host.depth_ == 0) host.problem("completed from outside of an entry");
    host.check(it->second.what, *from);
    host.calls_.erase(it);
    host.results_.emplace(call, copy_result(*from));
  }
  void check(kind what, const tenon_result& from) {
    bool fits =
        from.verdict == TENON_RETRY || from.verdict == TENON_REJECTED || from.verdict == TENON_CANCELLED;
    fits = fits || (from.verdict == TENON_FOUND && what != kind::effect);
    fits = fits || (from.verdict == TENON_GONE && what == kind::fetch);
    fits = fits || (from.verdict == TENON_DELIVERED && (what == kind::effect || what == kind::hooks));
    if (!fits) problem("a verdict that this call cannot have: " + std::to_string(from.verdict));
    const bool failed = from.verdict == TENON_RETRY || from.verdict == TENON_REJECTED;
    if (failed && (from.cause == TENON_CAUSE_NONE || from.cause > TENON_CAUSE_PLUGIN))
      problem("a failure without a cause");
    if (failed && from.message.size == 0) problem("a failure without words");
    for (std::size_t i = 0; i < from.match_count; ++i)
      if (sdk::element(from.matches, i).id.size == 0) problem("a match without an id");
    for (std::size_t i = 0; i < from.item_count; ++i)
      if (sdk::element(from.items, i).key.size == 0 || sdk::element(from.items, i).type.size == 0)
        problem("an item without key or type");
  }

  static std::uint32_t on_json_at(void* self, tenon_str pointer, tenon_json* out) {
    auto& host = of(self);
    if (!host.body_) host.problem("json_at outside of accept");
    if (!host.body_ || !host.body_ok_) return 1;
    auto found = look_up(*host.body_, sdk::view(pointer));
    out->type = found.type;
    out->elements = found.elements;
    out->text = host.lookups_.emplace_back(found.text);
    return 0;
  }
  static std::uint32_t on_json_text(void* self, tenon_str pointer, tenon_str* out) {
    auto& host = of(self);
    if (!host.body_) host.problem("json_text outside of accept");
    if (!host.body_ || !host.body_ok_) return 1;
    *out = host.lookups_.emplace_back(compact(slice(*host.body_, sdk::view(pointer))));
    return 0;
  }

  tenon_host table_{};
  const tenon_connector* connector_ = nullptr;
  void* instance_ = nullptr;
  int depth_ = 0;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::uint64_t random_ = 0;
  bool failed_ = false;
  std::string failure_;
  std::map<std::string, std::deque<reply>> script_;
  std::set<std::string> allowed_;
  std::deque<waiting_answer> pending_;
  std::map<tenon_call, open_call> calls_;
  std::map<tenon_call, result> results_;
  tenon_call last_call_ = 0;
  std::vector<sent_request> requests_;
  std::vector<std::string> logs_, problems_;
  accepted* accepting_ = nullptr;
  std::optional<std::string> body_;
  bool body_ok_ = false;
  std::deque<lent_text> lookups_;
};

}  // namespace tenon::testing
