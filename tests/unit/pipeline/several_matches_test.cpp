// A search that finds several objects of one identity.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "notes_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Several : public ResolveHost {
 protected:
  void SetUp() override {
    ResolveHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
      if (request.method == "PUT") {
        written_.push_back(request.url.substr(request.url.rfind('/') + 1));
        if (!refused_) return {200, "{}"};
        refused_ = false;
        return {503, "{}"};
      }
      std::string rows;
      for (const std::string& id : listed_) rows += (rows.empty() ? "" : ",") + ("{\"id\":\"" + id + "\"}");
      return {200, "{\"data\":[" + rows + "]}", {{"Content-Type", "application/json"}}};
    });
  }
  /// What is written where these match, in that order and in its reverse.
  std::string written_of(std::vector<std::string> ids) {
    std::set<std::string> seen;
    for (int turn = 0; turn < 2; ++turn) {
      listed_ = ids;
      const std::string customer = std::to_string(++sent_);
      send("of_" + customer, customer);
      runtime_.advance(seconds(10));
      seen.insert(written_.empty() ? "nothing" : written_.back());
      std::reverse(ids.begin(), ids.end());
    }
    EXPECT_EQ(seen.size(), 1U) << "it must not depend on how they are listed";
    return *seen.begin();
  }
  std::vector<std::string> listed_, written_;
  bool refused_ = false;
  int sent_ = 0;
};

TEST_F(Several, TheLowestIdIsWrittenHoweverTheyAreListed) {
  begin("put_plain");
  EXPECT_EQ(written_of({"57", "12"}), "12");
  EXPECT_EQ(written_of({"100", "9"}), "9") << "numbers by their value";
  EXPECT_EQ(written_of({"98765432109876543210987", "98765432109876543210986"}), "98765432109876543210986");
  EXPECT_EQ(written_of({"0010", "9"}), "9");
  EXPECT_EQ(written_of({"b", "a10", "a9"}), "a10") << "others by their text";
  EXPECT_EQ(written_of({"1a", "10", "9"}), "9") << "a mixture has an order too";
}

TEST_F(Several, TheEventSaysWhich) {
  begin("put_plain");
  listed_ = {"57", "12"};
  refused_ = true;
  send("one", "7");
  runtime_.advance(minutes(1));
  const auto detail = show("one");
  const std::string which = "several objects at the sink match (12, 57): the lowest id is taken";
  EXPECT_EQ(detail.row.state, "delivered");
  EXPECT_EQ(detail.row.reason, which);
  ASSERT_EQ(detail.attempts.size(), 2U);
  EXPECT_THAT(detail.attempts[0].reason, ::testing::EndsWith("; " + which));
  EXPECT_EQ(detail.attempts[1].reason, which);
  send("next", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(show("next").row.reason, "") << "its object is known by now, and nothing is searched";
}

TEST_F(Several, ManyAreNotAllTold) {
  begin("put_plain");
  for (int id = 1; id <= 14; ++id) listed_.push_back(std::to_string(id));
  send("one", "7");
  runtime_.advance(seconds(10));
  EXPECT_THAT(show("one").row.reason, ::testing::HasSubstr("8, 9, 10 and 4 more): the lowest"));
}

TEST_F(Several, AShadowSaysItBesideWhatItWouldDo) {
  start(pipeline_of("put_plain") + "mode: shadow\n");
  listed_ = {"57", "12"};
  send("one", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(show("one").row.reason, "shadow: would update 12");
  EXPECT_THAT(show("one").attempts.back().reason, ::testing::HasSubstr("match (12, 57)"));
}

}  // namespace
}  // namespace tenon::pipeline
