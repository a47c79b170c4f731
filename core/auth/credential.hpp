// Credential: the access token of one connection, kept fresh. The protocol stands in docs/security.md.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/token_endpoint.hpp"
#include "auth/tokens.hpp"
#include "observe/redactor.hpp"
#include "runtime/runtime.hpp"
#include "runtime/task.hpp"

namespace tenon::auth {

/// A token that may be sent now.
struct Grant {
  std::uint64_t version = 0;
  Secret access;
};

struct CredentialOptions {
  /// Broken on purpose by tests that show that they would notice: everybody who wants a fresh token asks for
  /// it.
  bool single_flight = true;
};

/// Renews at 80 % of a token's life, and when a remote refuses it; one request at a time, whoever wants it
/// and however many processes share the store. A new token is on disk before it is used. What the endpoint
/// fails to say is tried again later; the tokens stay. All calls on the delivery executor; `done` never
/// inline.
class Credential : public std::enable_shared_from_this<Credential> {
 public:
  /// Errors: `needs_reauth` and `oauth_refused` until somebody sees to it; `token_unavailable`, which passes;
  /// `cancelled` at the end.
  using Done = Function<void(Result<Grant>)>;

  /// Runtime, store and redactor outlive it.
  Credential(runtime::Runtime& runtime, TokenStore& store, observe::Redactor& redactor,
             std::string connection, plugin::OAuth2 oauth2, CredentialOptions options = {});

  /// Reads the store, once, at first; blocks. Errors: those of TokenStore::read.
  Status load();
  void get(Done done);
  /// The remote answered 401 to the token of that version. The same version comes back if another would
  /// be of no use: what replaced a refused token is refused as well.
  void renew(std::uint64_t refused, Done done);
  /// The remote took a token.
  void accepted() { unproven_ = 0; }

  /// Ends all waits. A refresh that is under way goes on to its end: its answer must not be lost.
  void stop();
  /// After stop(): gives up what is under way.
  void abandon();
  bool busy() const { return at_work_ > 0; }
  const std::string& connection() const { return connection_; }
  const plugin::OAuth2& oauth2() const { return oauth2_; }

 private:
  static constexpr runtime::Duration kBetween = std::chrono::seconds(10);  ///< two refreshes, at least

  struct Held {
    std::shared_ptr<void> lock;
    Result<std::optional<Tokens>> stored;
  };

  bool valid() const;
  void adopt(Tokens tokens, runtime::Duration obtained);
  void take_over(const std::optional<Tokens>& stored);
  void want_refresh();
  void wait_for_turn();
  runtime::Task<> refresh();
  runtime::Task<> exchange(Tokens current);
  runtime::Task<TokenAnswer> ask(const Secret& refresh_token);
  runtime::Task<TokenAnswer> ask_in_turn(const Tokens& current);
  runtime::Task<> keep(const Tokens& next, runtime::Duration asked);
  runtime::Task<bool> give_up(Tokens& current, const std::string& why);
  runtime::Task<Status> write(const Tokens& tokens);
  void failed(const TokenAnswer& answer);
  void failed(const Error& error);
  void look_again();
  runtime::Task<> look();
  void serve();
  void serve(const Error& error);
  void stick(std::string why);
  void remember(const Tokens& tokens);
  /// Files are the writer thread's: delivery does not block.
  template <class T, class F>
  void on_writer(F work, Function<void(T)> done) {
    runtime_.writer().post(
        [&delivery = runtime_.delivery(), work = std::move(work), done = std::move(done)]() mutable {
          delivery.post([done = std::move(done), result = work()]() mutable { done(std::move(result)); });
        });
  }

  runtime::Runtime& runtime_;
  TokenStore& store_;
  observe::Redactor& redactor_;
  const std::string connection_;
  const plugin::OAuth2 oauth2_;
  const CredentialOptions options_;

  std::optional<Tokens> tokens_;
  runtime::Duration expires_{};           ///< of the access token, by the steady clock
  std::optional<std::uint64_t> refused_;  ///< a version that the remote refused
  std::optional<Error> stuck_;            ///< needs_reauth
  std::optional<Error> failure_;          ///< of the last refresh
  int failures_ = 0;                      ///< in a row
  int unproven_ = 0;       ///< refreshes in a row that replaced a refused token, none taken since
  bool doubtful_ = false;  ///< of the refresh under way: a former one may have been carried out unheard
  runtime::Duration refreshed_{};     ///< when the last one ended
  runtime::Duration next_refresh_{};  ///< not before
  runtime::Duration busy_until_{};    ///< another process is at it
  runtime::TimerId timer_ = 0;        ///< for the next refresh
  runtime::HttpClient::Handle asking_ = 0;
  int at_work_ = 0;
  int refreshing_ = 0;
  bool looking_ = false;
  bool stopping_ = false;
  std::vector<Done> waiters_;
  std::deque<Secret> known_;  ///< to the redactor: of the last few versions
};

}  // namespace tenon::auth
