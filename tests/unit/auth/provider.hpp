// A pretend OAuth 2.0 provider and a store in memory, for tests on virtual time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "auth/token_gate.hpp"
#include "base/text.hpp"
#include "runtime/virtual.hpp"

namespace tenon::auth::test {

inline constexpr const char* kTokenUrl = "https://login.example.com/oauth/token";

inline plugin::OAuth2 oauth2() {
  plugin::OAuth2 out;
  out.client_id = "client";
  out.client_secret = Secret("client-secret-0123456789");
  out.authorize_url = "https://login.example.com/oauth/authorize";
  out.token_url = kTokenUrl;
  return out;
}

inline plugin::ConnectionSpec connection() {
  plugin::ConnectionSpec out;
  out.name = "desk";
  out.account = "desk:1";
  out.oauth2 = oauth2();
  return out;
}

/// Keeps the last version; `lock` is one for all who share it.
class MemoryStore final : public TokenStore {
 public:
  std::optional<Tokens> kept;
  int writes = 0;
  bool full = false;
  bool locked_by_another = false;
  int most_locks = 0;

  Result<std::optional<Tokens>> read(const std::string&) override { return kept; }
  Status write(const std::string&, const Tokens& tokens) override {
    ++writes;
    if (full) return Error("file_failed", "no space left on device");
    kept = tokens;
    return {};
  }
  Result<std::shared_ptr<void>> lock(const std::string&) override {
    if (locked_by_another || !lock_.expired()) return Error("locked", "held by another process");
    auto made = std::make_shared<int>(0);
    lock_ = made;
    return std::shared_ptr<void>(std::move(made));
  }

 private:
  std::weak_ptr<int> lock_;
};

/// Issues tokens, rotates refresh tokens, kills the family when one is used again after its grace.
class Provider {
 public:
  explicit Provider(runtime::VirtualRuntime& runtime) : runtime_(&runtime) {}
  /// A later life of the host asks the same provider.
  void moved_to(runtime::VirtualRuntime& runtime) { runtime_ = &runtime; }

  runtime::Duration life = std::chrono::seconds(60);
  bool grace = false;           ///< a used refresh token is taken again
  bool always_refuses = false;  ///< the API answers 401 to everything
  int refreshes = 0, reuses = 0, asked = 0;
  std::vector<std::string> shown;  ///< the refresh token of each request
  bool killed = false;
  /// In place of the true answer, which was carried out or not.
  std::function<std::optional<runtime::ScriptedAnswer>(bool& carried_out)> fault;
  std::vector<std::string> api_tokens;  ///< what each call to the API carried
  /// Committed versions of the store that calls are checked against; may be null.
  const MemoryStore* store = nullptr;
  int used_before_committed = 0;

  Tokens first() {
    Tokens out;
    out.version = 1;
    out.client = client_of(oauth2());
    out.access = Secret(access());
    out.refresh = Secret(refresh());
    out.obtained_ms = runtime_->clock().wall_ms();
    out.lifetime_ms = std::chrono::duration_cast<std::chrono::milliseconds>(life).count();
    return out;
  }
  void expire_all() { alive_.clear(); }
  /// As after a failover to a copy that lags: it knows nothing of what it issued last.
  void forget_last_refresh() {
    current_ = std::exchange(last_used_, "");
    used_.erase(current_);
  }

  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request) {
    return request.url == kTokenUrl ? token(request) : api(request);
  }

 private:
  std::string access() {
    const std::string token = "access-" + std::to_string(++made_);
    alive_[token] = runtime_->clock().steady() + life;
    return token;
  }
  std::string refresh() {
    current_ = "refresh-" + std::to_string(++made_);
    return current_;
  }

  runtime::ScriptedAnswer token(const runtime::HttpRequest& request) {
    ++asked;
    const auto at = request.body.find("refresh_token=", request.body.find('&'));
    const std::string sent = request.body.substr(at + 14, request.body.find('&', at + 14) - at - 14);
    shown.push_back(sent);
    bool carried_out = true;
    std::optional<runtime::ScriptedAnswer> instead;
    if (fault) instead = fault(carried_out);
    if (instead && !carried_out) return *instead;
    const bool repeated = grace && used_.contains(sent) && sent == last_used_;
    if (killed || (sent != current_ && !repeated)) {
      if (used_.contains(sent) && !repeated) {
        ++reuses;
        killed = true;
      }
      return instead ? *instead : runtime::ScriptedAnswer(400, R"({"error":"invalid_grant"})");
    }
    ++refreshes;
    used_.insert(sent);
    last_used_ = sent;
    const std::string body = R"({"access_token":")" + access() + R"(","refresh_token":")" + refresh() +
                             R"(","token_type":"bearer","expires_in":)" +
                             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(life).count()) +
                             "}";
    return instead ? *instead : runtime::ScriptedAnswer(200, body, {}, std::chrono::milliseconds(200));
  }

  runtime::ScriptedAnswer api(const runtime::HttpRequest& request) {
    const std::string* header = runtime::find_header(request.headers, "Authorization");
    const std::string token = header ? header->substr(7) : "";
    api_tokens.push_back(token);
    if (store != nullptr && (!store->kept || !store->kept->access.equals(token))) {
      // An older one may be on its way still; a newer one than the store's must not be.
      if (std::stoi(token.substr(7)) > std::stoi(std::string(store->kept->access.reveal()).substr(7)))
        ++used_before_committed;
    }
    const auto found = alive_.find(token);
    const bool good = !always_refuses && found != alive_.end() && runtime_->clock().steady() < found->second;
    return {good ? 200 : 401, "{}", {}, std::chrono::milliseconds(100)};
  }

  runtime::VirtualRuntime* runtime_;
  int made_ = 0;
  std::string current_, last_used_;
  std::set<std::string> used_;
  std::map<std::string, runtime::Duration> alive_;
};

/// The gate of budgets, without any.
class StraightGate final : public plugin::Gate {
 public:
  explicit StraightGate(runtime::Runtime& runtime) : runtime_(runtime) {}
  Handle send(const plugin::ConnectionSpec&, plugin::Rank, runtime::HttpRequest request,
              Function<void(runtime::HttpResult)> done) override {
    return runtime_.http().start(std::move(request), std::move(done));
  }
  void cancel(Handle handle) override { runtime_.http().cancel(handle); }

 private:
  runtime::Runtime& runtime_;
};

/// One host's share: a gate of tokens over the straight one.
class Life {
 public:
  Life(runtime::VirtualRuntime& runtime, TokenStore& store, CredentialOptions options = {})
      : straight_(runtime), gate_(runtime, straight_, &store, redactor, options) {
    auto prepared = gate_.prepare(connection_);
    EXPECT_TRUE(prepared) << prepared.error().text();
    if (prepared) gate_.use(std::move(*prepared));
  }

  void call(int count = 1) {
    for (int i = 0; i < count; ++i) {
      runtime::HttpRequest request;
      request.url = "https://api.example.com/things";
      ++open;
      last =
          gate_.send(connection_, EventClass::live, std::move(request), [this](runtime::HttpResult result) {
            --open;
            if (result.response && result.response->status == 200) {
              ++worked;
            } else if (result.response) {
              ++refused;
            } else {
              ++failed[result.error.code];
              message = result.error.message;
            }
          });
    }
  }
  TokenGate& gate() { return gate_; }

  observe::Redactor redactor;
  int open = 0, worked = 0, refused = 0;
  std::map<std::string, int> failed;
  std::string message;
  plugin::Gate::Handle last = 0;

 private:
  plugin::ConnectionSpec connection_ = connection();
  StraightGate straight_;
  TokenGate gate_;
};

}  // namespace tenon::auth::test
