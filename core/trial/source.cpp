#include "trial/source.hpp"

#include <utility>

namespace tenon::trial {
namespace {

using plugin::CallDone;
using plugin::CallId;
using plugin::CallOptions;
using plugin::CallResult;

class PlayedInstance final : public plugin::Instance {
 public:
  PlayedInstance(std::unique_ptr<plugin::Instance> real, const FetchPlay& play, runtime::Executor& executor)
      : real_(std::move(real)), play_(play), executor_(executor) {}

  const plugin::ConnectionSpec& connection() const override { return real_->connection(); }
  const plugin::ConnectorManifest& manifest() const override { return real_->manifest(); }
  Result<std::vector<Event>> accept(std::string_view body, const runtime::Headers& headers,
                                    std::int64_t now_ms, Value json) override {
    return real_->accept(body, headers, now_ms, json);
  }

  CallId fetch(std::string name, std::string arguments, CallOptions options, CallDone done) override {
    if (auto answer = play_(name, arguments)) return complete(std::move(*answer), std::move(done));
    return real_->fetch(std::move(name), std::move(arguments), options, std::move(done));
  }
  CallId list(std::string name, std::string query, std::string cursor, CallOptions options,
              CallDone done) override {
    if (auto answer = play_(name, query)) return complete(std::move(*answer), std::move(done));
    return real_->list(std::move(name), std::move(query), std::move(cursor), options, std::move(done));
  }

  CallId find(std::string operation, std::string record, CallOptions options, CallDone done) override {
    return real_->find(std::move(operation), std::move(record), options, std::move(done));
  }
  CallId create(std::string operation, std::string record, std::string create_id, CallOptions options,
                CallDone done) override {
    return real_->create(std::move(operation), std::move(record), std::move(create_id), options,
                         std::move(done));
  }
  CallId update(std::string operation, std::string id, std::string record, std::optional<plugin::Match> match,
                CallOptions options, CallDone done) override {
    return real_->update(std::move(operation), std::move(id), std::move(record), std::move(match), options,
                         std::move(done));
  }
  CallId deliver(std::string operation, std::string record, std::string call_id, CallOptions options,
                 CallDone done) override {
    return real_->deliver(std::move(operation), std::move(record), std::move(call_id), options,
                          std::move(done));
  }
  void cancel(CallId call) override {
    if (call != kPlayed) real_->cancel(call);
  }
  std::size_t open_calls() const override { return real_->open_calls() + *open_; }

 private:
  /// Of answers that are on their way already; there is nothing to cancel.
  static constexpr CallId kPlayed = ~CallId{0};

  CallId complete(CallResult answer, CallDone done) {
    ++*open_;
    executor_.post([open = open_, answer = std::move(answer), done = std::move(done)]() mutable {
      --*open;
      done(std::move(answer));
    });
    return kPlayed;
  }

  std::unique_ptr<plugin::Instance> real_;
  const FetchPlay& play_;
  runtime::Executor& executor_;
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
};

}  // namespace

Result<std::unique_ptr<plugin::Instance>> PlayedRegistry::make_instance(
    const plugin::ConnectionSpec& connection, const plugin::InstanceHost& host) {
  auto made = real_.make_instance(connection, host);
  if (!made || connection.name != connection_) return made;
  return std::unique_ptr<plugin::Instance>(
      std::make_unique<PlayedInstance>(std::move(*made), play_, *host.executor));
}

}  // namespace tenon::trial
