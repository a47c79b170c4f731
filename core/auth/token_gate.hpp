// TokenGate: puts access tokens on the requests of connections that have `oauth2:`.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "auth/credential.hpp"
#include "plugin/instance.hpp"

namespace tenon::auth {

/// Stands before the gate of the accounts' budgets. A request waits here until its connection has a token.
/// One that is answered 401 goes out again with a newer token, if there is one or one can be had: twice at
/// most, since what another process got may be refused too. The plugin and the conversation see the last
/// answer. Requests of other connections pass. On the delivery executor.
class TokenGate final : public plugin::Gate {
 public:
  /// All outlive it. `store` null: requests go out without a token, as in tests of pipelines.
  TokenGate(runtime::Runtime& runtime, plugin::Gate& next, TokenStore* store, observe::Redactor& redactor,
            CredentialOptions options = {});
  ~TokenGate() override;

  /// What the connection needs to have tokens on its requests, and does not have yet; null: nothing. Reads
  /// its tokens; blocks. It is to be used, or stopped. Errors: those of TokenStore::read.
  Result<std::shared_ptr<Credential>> prepare(const plugin::ConnectionSpec& connection);
  /// From now on, also for requests of instances that were made before.
  void use(std::shared_ptr<Credential> credential);

  Handle send(const plugin::ConnectionSpec& connection, plugin::Rank rank, runtime::HttpRequest request,
              Function<void(runtime::HttpResult)> done) override;
  void cancel(Handle handle) override;

  /// Nothing waits any more; `done` when no refresh is under way, or after `limit`.
  void stop(runtime::Duration limit, Function<void()> done);

 private:
  /// One request, from when it comes until its answer goes.
  struct Open {
    const plugin::ConnectionSpec* connection = nullptr;  ///< lives as long as `done`
    std::shared_ptr<Credential> credential;
    plugin::Rank rank = EventClass::live;
    runtime::HttpRequest request;  ///< as it came: it may have to go out once more
    Function<void(runtime::HttpResult)> done;
    std::uint64_t version = 0;  ///< of the token it went out with
    int repeats = 0;
    Handle sent = 0;  ///< the next gate's; 0: it waits for a token
    runtime::HttpResult refused;
  };

  void granted(Handle handle, Result<Grant> grant);
  void answered(Handle handle, runtime::HttpResult result);
  void finish(Handle handle, runtime::HttpResult result);
  void check_stopped();

  runtime::Runtime& runtime_;
  plugin::Gate& next_;
  TokenStore* const store_;
  observe::Redactor& redactor_;
  const CredentialOptions options_;
  std::map<std::string, std::shared_ptr<Credential>> credentials_;
  std::vector<std::shared_ptr<Credential>> replaced_;  ///< may be at work still
  std::unordered_map<Handle, Open> open_;
  Handle next_handle_;
  Function<void()> stopped_;
  runtime::Duration give_up_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tenon::auth
