// InstanceAround: an Instance that asks another one; to derive from where some calls are to go another way.
#pragma once

#include <memory>
#include <utility>

#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::plugin {

class InstanceAround : public Instance {
 public:
  /// Both outlive it.
  InstanceAround(Instance& real, runtime::Executor& executor) : real_(real), executor_(executor) {}

  const ConnectionSpec& connection() const override { return real_.connection(); }
  const ConnectorManifest& manifest() const override { return real_.manifest(); }
  Result<std::vector<Event>> accept(std::string_view body, const runtime::Headers& headers,
                                    std::int64_t now_ms, Value json) override {
    return real_.accept(body, headers, now_ms, json);
  }
  CallId fetch(std::string name, std::string arguments, CallOptions options, CallDone done) override {
    return real_.fetch(std::move(name), std::move(arguments), options, std::move(done));
  }
  CallId list(std::string name, std::string query, std::string cursor, CallOptions options,
              CallDone done) override {
    return real_.list(std::move(name), std::move(query), std::move(cursor), options, std::move(done));
  }
  CallId find(std::string operation, std::string record, CallOptions options, CallDone done) override {
    return real_.find(std::move(operation), std::move(record), options, std::move(done));
  }
  CallId create(std::string operation, std::string record, std::string create_id, CallOptions options,
                CallDone done) override {
    return real_.create(std::move(operation), std::move(record), std::move(create_id), options,
                        std::move(done));
  }
  CallId update(std::string operation, std::string id, std::string record, std::optional<Match> match,
                CallOptions options, CallDone done) override {
    return real_.update(std::move(operation), std::move(id), std::move(record), std::move(match), options,
                        std::move(done));
  }
  CallId deliver(std::string operation, std::string record, std::string call_id, CallOptions options,
                 CallDone done) override {
    return real_.deliver(std::move(operation), std::move(record), std::move(call_id), options,
                         std::move(done));
  }
  void cancel(CallId call) override {
    if (call != kOwn) real_.cancel(call);
  }
  std::size_t open_calls() const override { return real_.open_calls() + *open_; }

 protected:
  Instance& real() { return real_; }
  /// Completes a call that the other one is not asked.
  CallId complete(CallResult answer, CallDone done) {
    ++*open_;
    executor_.post([open = open_, answer = std::move(answer), done = std::move(done)]() mutable {
      --*open;
      done(std::move(answer));
    });
    return kOwn;
  }

 private:
  /// Of answers that are on their way already; there is nothing to cancel.
  static constexpr CallId kOwn = ~CallId{0};

  Instance& real_;
  runtime::Executor& executor_;
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
};

}  // namespace tenon::plugin
