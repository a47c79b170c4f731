// Grants that are refused, answers that are lost, hosts that die inside a refresh: on virtual time.
#include "credential_fixture.hpp"

namespace tenon::auth::test {
namespace {

using runtime::ScriptedAnswer;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(CredentialTest, AnInvalidGrantNeedsALoginAndSaysSoOnce) {
  Life& host = begin();
  provider_.killed = true;
  provider_.expire_all();
  host.call(50);
  runtime_.advance(seconds(5));
  EXPECT_EQ(host.failed["needs_reauth"], 50);
  EXPECT_NE(host.message.find("tenon auth login desk"), std::string::npos) << host.message;
  EXPECT_FALSE(store_.kept->needs_reauth.empty());
  EXPECT_FALSE(store_.kept->refresh.empty()) << "nothing is erased";
  for (int i = 0; i < 10; ++i) {
    host.call(10);
    runtime_.advance(minutes(10));
  }
  EXPECT_EQ(told("needs_reauth"), 1);
  EXPECT_EQ(provider_.asked, 1) << "a token that is known to be dead is not sent again";
  // A later start finds that in the store.
  Life& next = begin();
  next.call();
  runtime_.advance(seconds(5));
  EXPECT_EQ(next.failed["needs_reauth"], 1);
  // Somebody logs in.
  provider_.killed = false;
  Tokens fresh = provider_.first();
  fresh.version = store_.kept->version + 1;
  store_.kept = fresh;
  host.call(10);
  next.call(10);
  runtime_.advance(seconds(5));
  EXPECT_EQ(host.worked, 10);
  EXPECT_EQ(next.worked, 10);
}

TEST_F(CredentialTest, AnInvalidGrantIsNoneIfTheStoreHoldsNewerTokens) {
  Life& host = begin();
  Tokens fresh = provider_.first();
  provider_.expire_all();
  fresh = provider_.first();
  fresh.version = 7;
  store_.kept = fresh;  // another process was first
  runtime_.advance(seconds(1));
  host.call(5);
  runtime_.advance(seconds(5));
  EXPECT_EQ(host.worked, 5);
  EXPECT_EQ(provider_.asked, 0);
}

/// The lock is this machine's: who shares the store from elsewhere may spend the token first.
TEST_F(CredentialTest, AnInvalidGrantIsNoneIfAnotherHostWroteNewerTokensMeanwhile) {
  Life& host = begin();
  provider_.expire_all();
  provider_.fault = [this](bool& carried_out) -> std::optional<ScriptedAnswer> {
    carried_out = false;
    Tokens theirs = provider_.first();
    theirs.version = 7;
    store_.kept = theirs;
    return ScriptedAnswer(400, R"({"error":"invalid_grant"})");
  };
  host.call(5);
  runtime_.advance(seconds(5));
  EXPECT_EQ(provider_.asked, 1);
  EXPECT_EQ(host.worked, 5);
  EXPECT_TRUE(host.failed.empty()) << host.message;
  EXPECT_EQ(told("needs_reauth"), 0);
  EXPECT_EQ(store_.kept->version, 7U) << "theirs are not written over";
  EXPECT_TRUE(store_.kept->needs_reauth.empty());
  // They are renewed like its own.
  provider_.fault = nullptr;
  runtime_.advance(minutes(1));
  EXPECT_EQ(provider_.refreshes, 1);
  EXPECT_EQ(store_.kept->version, 8U);
}

TEST_F(CredentialTest, NewerTokensThatNeedALoginThemselvesAreNotSent) {
  Life& host = begin();
  provider_.expire_all();
  provider_.fault = [this](bool& carried_out) -> std::optional<ScriptedAnswer> {
    carried_out = false;
    ++store_.kept->version;
    store_.kept->needs_reauth = "said by another host";
    return ScriptedAnswer(400, R"({"error":"invalid_grant"})");
  };
  host.call(5);
  runtime_.advance(seconds(5));
  EXPECT_EQ(provider_.asked, 1);
  EXPECT_EQ(host.failed["needs_reauth"], 5);
  EXPECT_NE(host.message.find("said by another host"), std::string::npos) << host.message;
}

TEST_F(CredentialTest, ARefusedClientKeepsEverythingAndIsAskedAgainLater) {
  Life& host = begin();
  provider_.expire_all();
  provider_.fault = [](bool& carried_out) -> std::optional<ScriptedAnswer> {
    carried_out = false;
    return ScriptedAnswer(401,
                          R"({"error":"invalid_client","error_description":"client-secret-0123456789?"})");
  };
  host.redactor.add("client-secret-0123456789");
  host.call(5);
  runtime_.advance(seconds(2));
  EXPECT_EQ(host.failed["oauth_refused"], 5);
  EXPECT_EQ(host.message.find("client-secret"), std::string::npos) << host.message;
  EXPECT_TRUE(store_.kept->needs_reauth.empty());
  provider_.fault = nullptr;
  runtime_.advance(seconds(20));
  host.call(5);
  runtime_.advance(seconds(2));
  EXPECT_EQ(host.worked, 5);
}

TEST_F(CredentialTest, NobodyHasLoggedIn) {
  Life& host = lives_.emplace_back(runtime_, store_);
  host.call(3);
  runtime_.advance(seconds(1));
  EXPECT_EQ(host.failed["needs_reauth"], 3);
  store_.kept = provider_.first();
  host.call(3);
  runtime_.advance(seconds(1));
  EXPECT_EQ(host.worked, 3);
}

TEST_F(CredentialTest, TokensOfAnotherClientAreNotSent) {
  store_.kept = provider_.first();
  store_.kept->client = "another https://login.example.com/oauth/token";
  Life& host = begin();
  host.call();
  runtime_.advance(seconds(1));
  EXPECT_EQ(host.failed["needs_reauth"], 1);
  EXPECT_TRUE(provider_.api_tokens.empty());
  EXPECT_EQ(provider_.asked, 0);
}

// --- answers that are lost

TEST_F(CredentialTest, ALostAnswerIsAskedForOnceMoreWithTheSameToken) {
  for (const bool grace : {true, false}) {
    SCOPED_TRACE(grace);
    end_lives();
    store_.kept.reset();
    lines_.clear();
    provider_.grace = grace;
    provider_.killed = false;
    provider_.reuses = 0;
    Life& host = begin();
    provider_.expire_all();
    int lost = 0;
    provider_.fault = [&](bool&) -> std::optional<ScriptedAnswer> {
      if (++lost > 1) return std::nullopt;
      return ScriptedAnswer(Error("connection_lost", "reset"), runtime::RequestSent::maybe);
    };
    host.call();
    runtime_.advance(seconds(5));
    provider_.fault = nullptr;
    if (grace) {
      EXPECT_EQ(host.worked, 1);
      EXPECT_EQ(store_.kept->version, 2U);
    } else {
      // Nothing on our side can help that; it is said, and nothing is lost but the login.
      EXPECT_EQ(host.failed["needs_reauth"], 1);
      EXPECT_EQ(told("needs_reauth"), 1);
    }
  }
}

// --- the refresh token before the current one

/// A provider that loses an answer and falls back to a copy that never issued the current token.
TEST_F(CredentialTest, TheTokenBeforeItIsTakenWhereTheCurrentOneWasForgotten) {
  Life& host = begin();
  runtime_.advance(seconds(52));
  ASSERT_EQ(provider_.refreshes, 1);
  const Tokens second = *store_.kept;
  provider_.shown.clear();
  provider_.expire_all();
  bool lost = false;
  provider_.fault = [&](bool& carried_out) -> std::optional<ScriptedAnswer> {
    if (std::exchange(lost, true)) return std::nullopt;
    carried_out = false;
    provider_.forget_last_refresh();
    return ScriptedAnswer(Error("connection_lost", "reset"), runtime::RequestSent::maybe);
  };
  host.call(5);
  runtime_.advance(seconds(20));
  EXPECT_EQ(host.worked, 5) << host.message;
  EXPECT_TRUE(host.failed.empty());
  const std::string current(second.refresh.reveal()), previous(second.previous_refresh.reveal());
  EXPECT_EQ(provider_.shown, (std::vector<std::string>{current, current, previous}));
  EXPECT_EQ(provider_.reuses, 0);
  EXPECT_EQ(told("needs_reauth"), 0);
  EXPECT_EQ(store_.kept->version, 3U);
  EXPECT_TRUE(store_.kept->needs_reauth.empty());
  // And the one that came for it is good.
  runtime_.advance(minutes(1));
  host.call(5);
  runtime_.advance(seconds(5));
  EXPECT_EQ(host.worked, 10) << host.message;
}

/// The doubt outlives the host: a former life began a refresh, and what became of it is not known.
TEST_F(CredentialTest, TheTokenBeforeItIsTakenInALaterLifeToo) {
  begin();
  runtime_.advance(seconds(52));
  ASSERT_EQ(provider_.refreshes, 1);
  end_lives();
  ASSERT_EQ(store_.kept->version, 2U);
  store_.kept->refreshing = true;
  const std::string current(store_.kept->refresh.reveal()), previous(store_.kept->previous_refresh.reveal());
  provider_.forget_last_refresh();
  provider_.shown.clear();
  Life& next = begin();
  next.call(5);
  runtime_.advance(seconds(5));
  EXPECT_EQ(next.worked, 5) << next.message;
  EXPECT_EQ(provider_.shown, (std::vector<std::string>{current, previous}));
  EXPECT_TRUE(store_.kept->needs_reauth.empty());
  EXPECT_FALSE(store_.kept->refreshing);
}

TEST_F(CredentialTest, TheTokenBeforeItIsNotShownWithoutADoubt) {
  Life& host = begin();
  runtime_.advance(seconds(52));
  ASSERT_EQ(provider_.refreshes, 1);
  ASSERT_FALSE(store_.kept->previous_refresh.empty());
  provider_.shown.clear();
  provider_.killed = true;
  provider_.expire_all();
  host.call(5);
  runtime_.advance(seconds(20));
  EXPECT_EQ(host.failed["needs_reauth"], 5);
  EXPECT_EQ(provider_.shown, std::vector<std::string>{std::string(store_.kept->refresh.reveal())});
  EXPECT_EQ(provider_.reuses, 0) << "it would look like theft";
}

/// A host that dies at each of six points of a refresh, fifty times, and its next life.
TEST_F(CredentialTest, AHostThatDiesInsideARefreshGoesOn) {
  struct World {
    explicit World(runtime::VirtualOptions options) : runtime(options) {}
    runtime::VirtualRuntime runtime;
    MemoryStore store;
    std::unique_ptr<Life> life;
  };
  enum class Point { before_request, sent_unread, carried_out, before_commit, after_commit, published };
  for (const bool grace : {true, false}) {
    int manual = 0;
    for (int point = 0; point < 6; ++point) {
      int manual_here = 0;
      for (std::uint64_t round = 0; round < 50; ++round) {
        runtime::VirtualOptions options;
        options.seed = round + 1;
        options.shuffle = true;
        World first(options);
        MemoryStore& store = first.store;
        Provider provider(first.runtime);
        provider.grace = grace;
        store.kept = provider.first();
        const auto script = [&](const runtime::HttpRequest& r) { return provider.answer(r); };
        first.runtime.network().on_request(script);
        first.life = std::make_unique<Life>(first.runtime, store);
        provider.expire_all();
        const auto where = static_cast<Point>(point);
        if (where == Point::sent_unread) {
          provider.fault = [](bool& carried_out) -> std::optional<ScriptedAnswer> {
            carried_out = false;
            return ScriptedAnswer(200, "{}", {}, hours(1));
          };
        }
        first.life->call(10);
        const auto reached = [&] {
          switch (where) {
            case Point::before_request:
              return store.writes == 1;
            case Point::sent_unread:
              return provider.asked == 1;
            case Point::carried_out:
              return provider.refreshes == 1;
            case Point::before_commit:
              return provider.refreshes == 1 && first.runtime.network().open() == 0;
            case Point::after_commit:
              return store.writes == 2;
            case Point::published:
              return first.life->worked > 0;
          }
          return true;
        };
        ASSERT_TRUE(first.runtime.run_until(reached, minutes(1)));
        provider.fault = nullptr;
        // The lock of a process that is gone is free.
        MemoryStore after;
        after.kept = store.kept;
        runtime::VirtualRuntime second;
        provider.moved_to(second);
        provider.expire_all();
        second.network().on_request(script);
        Life next(second, after);
        next.call(10);
        second.advance(minutes(2));
        if (next.failed["needs_reauth"] > 0) {
          ++manual_here;
          EXPECT_FALSE(after.kept->refresh.empty());
        } else {
          EXPECT_EQ(next.worked, 10) << point;
        }
        bool stopped = false;
        next.gate().stop(seconds(1), [&] { stopped = true; });
        second.run_until([&] { return stopped; }, seconds(5));
        // Only so that nothing is left in memory: the dead one ends alone, with a store that nobody reads.
        first.runtime.network().on_request(
            [](const runtime::HttpRequest&) { return ScriptedAnswer(503, "{}"); });
        first.life->gate().stop(seconds(1), [] {});
        first.runtime.advance(hours(2));
      }
      const auto where = static_cast<Point>(point);
      const bool window = where == Point::carried_out || where == Point::before_commit;
      if (grace || !window) {
        EXPECT_EQ(manual_here, 0) << "point " << point;
      }
      manual += manual_here;
    }
    // The control: without grace the window between their commit and ours must show.
    EXPECT_EQ(manual, grace ? 0 : 100);
  }
}

}  // namespace
}  // namespace tenon::auth::test
