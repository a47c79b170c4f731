// Guest: one instance that a plugin made, and the host's table that it was given.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "observe/conversation.hpp"
#include "plugin/body.hpp"
#include "plugin/borrowed.hpp"
#include "plugin/hosts.hpp"
#include "plugin/instance.hpp"
#include "plugin/verdict.hpp"
#include "runtime/crash.hpp"
#include "runtime/doing.hpp"
#include "tenon/abi.h"

namespace tenon::plugin {

/// What the guests of one Instance have in common.
struct GuestSetup {
  GuestSetup(const ConnectionSpec& spec, const ConnectorManifest& declared, const tenon_connector& functions,
             const InstanceHost& needs);
  ConnectionSpec connection;
  ConnectorManifest manifest;
  const tenon_connector& table;
  InstanceHost host;
  AllowedHosts hosts;
  Credential credential;
  std::shared_ptr<const observe::Redactor> known_secrets;
  const observe::Redactor& redactor;  ///< the same
};

/// Everything that passes the border passes here. One thread: the one that made it. Held by shared_ptr since
/// answers of the network may come after it was closed; they find it closed and are dropped.
class Guest : public std::enable_shared_from_this<Guest> {
 public:
  /// Runs the plugin's `create`. Errors: `plugin_create_failed` with the plugin's words.
  static Result<std::shared_ptr<Guest>> make(std::shared_ptr<const GuestSetup> setup);
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest();

  Result<std::vector<Event>> accept(std::string_view body, const runtime::Headers& headers,
                                    std::int64_t now_ms, Value json);

  /// Opens a call and runs `enter(tenon_call)` inside the plugin.
  template <class Enter>
  CallId begin(CallKind kind, CallOptions options, CallDone done, Enter&& enter_plugin) {
    const CallId id = open(kind, options, std::move(done));
    enter(name_of(kind), id, [&] { enter_plugin(id); });
    return id;
  }
  void cancel(CallId id);
  bool has(CallId id) const { return calls_.contains(id); }
  std::size_t open_calls() const { return calls_.size(); }
  /// A call of it was given up: it takes no new ones.
  bool stuck() const { return stuck_; }
  void* instance() const { return instance_; }

  /// Ends the plugin's instance, or abandons it if anything of it is still open. Open calls never hear of
  /// their end.
  void close();

  /// A number for a call, unique in this process.
  static CallId next_id();

 private:
  struct Door;
  struct Call {
    CallKind kind = CallKind::fetch;
    CallOptions options;
    CallDone done;
    runtime::Duration due{};
    runtime::TimerId timer = 0;
    RequestsSeen seen;
    unsigned requests = 0;
    bool cancelled = false;
    bool expired = false;
    bool withheld = false;          ///< a request of it was not sent, on purpose
    std::uint64_t open_effect = 0;  ///< id of the non-idempotent request while it is on its way
  };
  /// A call that was given up: should it be completed after all.
  struct GivenUp {
    CallKind kind = CallKind::fetch;
    RequestsSeen seen;
    std::function<void(const CallResult&)> late;
  };
  struct Request {
    CallId call = 0;
    Gate::Handle handle = 0;
    tenon_http_done done = nullptr;
    void* user = nullptr;
    bool effect = false;
    std::optional<observe::Exchange> exchange;
  };
  /// How a request ends without the network.
  struct Refusal {
    std::uint32_t error = TENON_HTTP_REFUSED;
    std::string message;
  };
  struct Owed {
    CallId call = 0;
    tenon_http_done done = nullptr;
    void* user = nullptr;
    Refusal refusal;
  };
  struct Accepting {
    Accepting(std::string_view bytes, Value json) : body(bytes, json) {}
    Body body;
    Borrowed in;
    std::int64_t now_ms = 0;
    std::vector<Event> events;
    std::optional<std::string> failure;
  };

  explicit Guest(std::shared_ptr<const GuestSetup> setup);
  Result<void*> create();

  // Entering the plugin; never nested.
  template <class Inside>
  void enter(std::string_view function, CallId call, Inside&& inside) {
    const runtime::Doing doing(setup_->manifest.name, function, event_of(call));
    ++depth_;
    std::optional<std::string> thrown;
    try {
      inside();
    } catch (const std::exception& e) {
      thrown = e.what();
    } catch (...) {
      thrown = "an exception that is no std::exception";
    }
    runtime::check_border(setup_->manifest.name, function);
    --depth_;
    if (thrown) threw(function, call, *thrown);
  }
  std::uint64_t event_of(CallId call) const {
    const auto found = calls_.find(call);
    return found == calls_.end() ? 0 : found->second.options.event;
  }
  void threw(std::string_view function, CallId call, const std::string& text);

  CallId open(CallKind kind, CallOptions options, CallDone done);
  void completed(CallId id, const tenon_result* result);
  void finish(CallId id, CallResult result);
  void expire(CallId id);
  void give_up(CallId id);
  void use_late(CallId id, const tenon_result* result);
  void stop_requests(CallId id, Call& call);
  /// Counts what a plugin should not have done, and logs it.
  void broke(std::string_view rule, std::string_view detail) const;

  // guest_http.cpp
  void http(CallId id, const tenon_http_request* request, tenon_http_done done, void* user);
  std::optional<Refusal> prepare(Call& call, const tenon_http_request* from, runtime::HttpRequest& out,
                                 bool& effect);
  std::optional<Refusal> copy_headers(const tenon_http_request& from, Borrowed& in,
                                      runtime::HttpRequest& out) const;
  /// Records a request that only shows what would be sent.
  void withhold(Call& call, const runtime::HttpRequest& request);
  std::optional<observe::Exchange> begin_exchange(const Call& call,
                                                  const runtime::HttpRequest& request) const;
  void answered(std::uint64_t request, runtime::HttpResult result);
  void record(Call& call, Request& request, const runtime::HttpResult& result);
  void answer(CallId call, tenon_http_done done, void* user, const tenon_http_response& response);
  void answer_later(CallId call, tenon_http_done done, void* user, Refusal refusal);
  void answer_owed();
  void unwind();

  // guest_table.cpp: the functions of tenon_host
  static Guest* visitor(void* self, const char* function, bool inside = true) noexcept;
  static void on_log(void* self, tenon_call call, std::uint32_t level, tenon_str message) noexcept;
  static void on_http(void* self, tenon_call call, const tenon_http_request* request, tenon_http_done done,
                      void* user) noexcept;
  static void on_complete(void* self, tenon_call call, const tenon_result* result) noexcept;
  static std::int64_t on_now(void* self) noexcept;
  static std::uint64_t on_random(void* self) noexcept;
  static std::uint32_t on_json_at(void* self, tenon_str pointer, tenon_json* out) noexcept;
  static std::uint32_t on_json_text(void* self, tenon_str pointer, tenon_str* out) noexcept;
  static void on_emit(void* user, const tenon_event* event) noexcept;
  static void on_fail(void* user, tenon_str message) noexcept;
  static Door* make_door(Guest* guest);
  void emit(const tenon_event* event);
  const tenon_host* table() const;
  void leave_door();
  void take_over_door();

  std::shared_ptr<const GuestSetup> setup_;
  Door* door_;
  void* instance_ = nullptr;
  int depth_ = 0;
  std::deque<Owed> owed_;  ///< answers without the network, each posted
  bool stuck_ = false;
  bool closing_ = false;  ///< calls end without a word to whoever began them
  bool closed_ = false;
  std::unordered_map<CallId, Call> calls_;
  std::unordered_map<CallId, GivenUp> given_up_;
  std::unordered_map<std::uint64_t, Request> requests_;
  std::uint64_t next_request_ = 1;
  std::optional<Accepting> accepting_;
  std::optional<std::string>* creating_ = nullptr;  ///< where `create` puts its failure
};

}  // namespace tenon::plugin
