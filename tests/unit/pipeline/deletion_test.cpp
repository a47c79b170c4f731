// What was deleted at its source is not written again by what is older.
#include <gmock/gmock.h>

#include "journal/upkeep.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;

/// A sink that takes notes, and refuses them while it is told to. The state comes with the event.
class DeletedHost : public VirtualHost {
 protected:
  std::string plugins() const override { return TENON_NOTES_DIR; }

  void SetUp() override {
    VirtualHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) { return answer(request); });
  }
  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request) {
    const runtime::Headers json = {{"Content-Type", "application/json"}};
    if (request.url.find("bigcommerce") != std::string::npos) return remotes_.answer(request);
    if (request.method == "GET") return {200, made_ ? R"({"data":[{"id":1}]})" : R"({"data":[]})", json};
    if (refuses_) return {422, "{}", json};
    made_ = true;
    wrote_.emplace_back(parse_json(request.body)->root.get("name").as_string());
    return {request.method == "POST" ? 201 : 200, R"({"id":1})", json};
  }
  static std::string definition(const std::string& fetch = "") {
    return R"(
tenon: 1
name: notes
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  notes: { connector: notes, base_url: "https://notes.test" }
trigger: { connection: store, events: [store/customer/created, store/customer/updated, store/customer/deleted])" +
           fetch + R"( }
mapping: { external_id: "c_${{ event.keys.customer }}", name: "${{ event.id }}" }
action: { connection: notes, operation: put_plain }
)";
  }
  void arrives(const std::string& id, const std::string& type, const std::string& customer = "7") {
    ASSERT_EQ(send(id, customer, "store/customer/" + type), 200);
    runtime_.advance(minutes(1));
  }
  /// A dead letter, and behind it another one that says that its object was deleted.
  void die_and_delete(const std::string& type = "deleted") {
    refuses_ = true;
    arrives("old", "updated");
    arrives("gone", type);
    refuses_ = false;
    ASSERT_EQ(shown(1).row.state, "rejected");
    ASSERT_EQ(shown(2).row.state, "rejected");
  }
  void retry(std::vector<journal::Seq> seqs) {
    journal_->requeue(std::move(seqs), {&runtime_.delivery(), [](Result<journal::Requeued> done) {
                                          ASSERT_TRUE(done) << done.error().text();
                                        }});
    runtime_.advance(minutes(1));
  }
  journal::EventDetail shown(journal::Seq seq) { return show(std::to_string(seq)); }

  bool refuses_ = false;
  bool made_ = false;
  std::vector<std::string> wrote_;  ///< the names, in order
};

TEST_F(DeletedHost, AnOlderEventThatIsTriedAgainIsSuperseded) {
  start(definition());
  die_and_delete();
  retry({1});
  EXPECT_EQ(shown(1).row.state, "superseded");
  EXPECT_EQ(shown(1).row.reason, "the object was deleted at its source by event 2");
  EXPECT_TRUE(wrote_.empty());
}

TEST_F(DeletedHost, SoItIsAfterARestart) {
  start(definition());
  die_and_delete();
  stop();
  start(definition());
  retry({1});
  EXPECT_EQ(shown(1).row.state, "superseded");
}

// The control: without the mark in the manifest nothing is left of what was not written.
TEST_F(DeletedHost, BehindAnEventOfAnotherTypeItIsWritten) {
  start(definition());
  die_and_delete("created");
  retry({1});
  EXPECT_EQ(shown(1).row.state, "delivered");
  EXPECT_THAT(wrote_, ElementsAre("old"));
}

TEST_F(DeletedHost, ALaterEventIsWrittenAndOtherObjectsAre) {
  start(definition());
  die_and_delete();
  arrives("anew", "created");
  arrives("other", "created", "8");
  EXPECT_EQ(shown(3).row.state, "delivered");
  EXPECT_EQ(shown(4).row.state, "delivered");
  retry({1});
  EXPECT_EQ(shown(1).row.state, "superseded") << "what was made anew is not what it was";
}

TEST_F(DeletedHost, AnOlderDeletionThatIsTriedAgainForgetsNoNewerOne) {
  start(definition());
  refuses_ = true;
  arrives("first", "deleted");
  arrives("old", "updated");
  refuses_ = false;
  arrives("gone", "deleted");
  retry({1});
  EXPECT_EQ(shown(1).row.state, "superseded");
  retry({2});
  EXPECT_EQ(shown(2).row.state, "superseded");
  EXPECT_EQ(shown(2).row.reason, "the object was deleted at its source by event 3");
}

TEST_F(DeletedHost, ADeletionThatIsADeadLetterCountsAsWell) {
  start(definition());
  refuses_ = true;
  arrives("old", "updated");
  arrives("gone", "deleted");
  refuses_ = false;
  retry({1});
  EXPECT_EQ(shown(1).row.state, "superseded");
  retry({2});
  EXPECT_EQ(shown(2).row.state, "delivered");
}

TEST_F(DeletedHost, AForcedReplayIsWritten) {
  start(definition());
  arrives("old", "updated");
  arrives("gone", "deleted");
  const auto replay = [this](bool force) {
    host_->replay("notes", {1}, force, [](Result<journal::Requeued> done) { ASSERT_TRUE(done); });
    runtime_.advance(minutes(1));
    return shown(1).row;
  };
  EXPECT_EQ(replay(false).state, "superseded");
  EXPECT_EQ(replay(true).state, "delivered");
  EXPECT_THAT(wrote_, ElementsAre("old", "gone", "old"));
}

TEST_F(DeletedHost, WhatIsFetchedIsThereAgain) {
  start(definition(R"(, fetch: { customer: { id: "${{ event.keys.customer }}" } })"));
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", ""};
  refuses_ = true;
  arrives("old", "updated");
  refuses_ = false;
  remotes_.shop.erase("7");
  arrives("gone", "deleted");
  EXPECT_EQ(shown(2).row.state, "skipped");
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", ""};
  retry({1});
  EXPECT_EQ(shown(1).row.state, "delivered");
  EXPECT_THAT(wrote_, ElementsAre("old"));
}

TEST_F(DeletedHost, ForgettingTheKeyForgetsTheDeletion) {
  start(definition());
  arrives("gone", "deleted");
  const journal::AppliedKey key{{}, "notes", "", "store/7"};
  const auto known = [&] {
    bool there = false;
    journal_->look({}, {key}, {&runtime_.delivery(), [&](Result<journal::Looked> looked) {
                                 there = looked && looked->applied.front().has_value();
                               }});
    runtime_.run_until_idle();
    return there;
  };
  EXPECT_TRUE(known());
  journal::ForgetQuery query;
  query.key = "7";
  journal::forget(*journal_, query, {&runtime_.delivery(), [](Result<journal::Forgotten> done) {
                                       ASSERT_TRUE(done) << done.error().text();
                                     }});
  runtime_.run_until_idle();
  EXPECT_FALSE(known());
}

}  // namespace
}  // namespace tenon::pipeline
