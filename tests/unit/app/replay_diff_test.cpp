// The groups of a dry run: one line for all events that show the same difference.
#include "app/replay_diff.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tenon::app {
namespace {

class Diff {
 public:
  explicit Diff(DiffSides sides = DiffSides::now_and_with) : diff(sides) {}
  void add(const std::string& json) {
    const auto document = parse_json(json);
    ASSERT_TRUE(document) << json;
    diff.add(document->root);
  }
  /// Of two definitions, an action each that would be sent.
  void records(int seq, const std::string& now, const std::string& with) {
    add(event(seq, "now", action("send", now), "with", action("send", with)));
  }
  static std::string action(const std::string& state, const std::string& record = "",
                            const std::string& more = R"("how":"create")") {
    return R"({"actions":[{"action":"note","state":")" + state + R"(","operation":"desk.put","account":"a")" +
           (more.empty() ? "" : "," + more) + (record.empty() ? "" : ",\"record\":" + record) + "}]}";
  }
  static std::string event(int seq, const std::string& first, const std::string& a, const std::string& second,
                           const std::string& b) {
    return "{\"seq\":" + std::to_string(seq) + ",\"id\":\"msg_" + std::to_string(seq) + "\",\"" + first +
           "\":" + a + ",\"" + second + "\":" + b + "}";
  }
  std::string text() const {
    std::string out;
    for (const DiffGroup& group : diff.groups())
      out += std::to_string(group.events) + " " + group.text() + " (" + group.id + ")\n";
    return out;
  }
  ReplayDiff diff;
};

TEST(ReplayDiff, FieldsAreToldByTheirKindsOnceForAllEvents) {
  Diff diff;
  for (int i = 1; i <= 41; ++i)
    diff.records(i, R"({"id":1,"name":null})", R"({"id":1,"name":"Ann )" + std::to_string(i) + "\"}");
  diff.records(42, R"({"name":"Ann"})", R"({"name":"Ben","vip":true})");
  diff.records(43, R"({"name":"Ann","vip":false})", R"({"name":"Ann","vip":true})");
  diff.records(44, R"({"name":"Ann"})", R"({"name":"Ann"})");
  EXPECT_EQ(diff.text(),
            "41 note: \"name\" from null to string (msg_1)\n"
            "1 note: \"name\": another string (msg_42)\n"
            "1 note: \"vip\" from false to true (msg_43)\n"
            "1 note: \"vip\" from nothing to true (msg_42)\n");
  EXPECT_EQ(diff.diff.groups()[0].before_example, "null");
  EXPECT_EQ(diff.diff.groups()[0].after_example, "\"Ann 1\"");
  EXPECT_EQ(diff.diff.events(), 44U);
  EXPECT_EQ(diff.diff.unchanged(), 1U);
}

TEST(ReplayDiff, ItemsOfAListAreOneDifferenceOfTheirEvent) {
  Diff diff;
  diff.records(1, R"({"lines":[{"sku":"a"},{"sku":"b"}]})", R"({"lines":[{"sku":"A"},{"sku":"B"}]})");
  diff.records(2, R"({"lines":[{"sku":"a"}]})", R"({"lines":[{"sku":"a"},{"sku":"b"}]})");
  diff.records(3, R"({"lines":[1]})", R"({"lines":"1"})");
  diff.records(4, R"({"a":{"b":{"c":1.0}}})", R"({"a":{"b":{}}})");
  EXPECT_EQ(diff.text(),
            "1 note: \"a.b.c\" from number to nothing (msg_4)\n"
            "1 note: \"lines\" from array to string (msg_3)\n"
            "1 note: \"lines\": another number of items (msg_2)\n"
            "1 note: \"lines[].sku\": another string (msg_1)\n");
}

TEST(ReplayDiff, WhatBecomesOfActionsIsToldWithItsReason) {
  Diff diff;
  const auto both = [&](int seq, const std::string& now, const std::string& with) {
    diff.add(Diff::event(seq, "now", now, "with", with));
  };
  const std::string sent = Diff::action("send", R"({"id":1})");
  both(1, Diff::action("skipped", "", R"("reason":"actions.note.when is false")"), sent);
  both(2, Diff::action("skipped", "", R"("reason":"actions.note.when is false")"), sent);
  both(3, sent, Diff::action("rejected", "", R"("reason":"id: is missing")"));
  both(4, R"({"state":"skipped","reason":"trigger.when is false","actions":[]})", sent);
  both(5, sent, R"({"actions":[]})");
  // Both make it; whether it is newer than what was written is no difference of theirs.
  both(6, Diff::action("superseded", R"({"id":1})", R"("reason":"a newer event (7) was applied already")"),
       sent);
  both(7, Diff::action("send", R"({"id":1})", R"("how":"update 17")"), sent);
  both(8, Diff::action("done", R"({"id":1})"), Diff::action("done", R"({"id":2})"));
  EXPECT_EQ(diff.text(),
            "2 note: skipped (actions.note.when is false) -> would be sent (msg_1)\n"
            "1 note: \"id\": another number (msg_8)\n"
            "1 note: skipped (trigger.when is false) -> would be sent (msg_4)\n"
            "1 note: would be sent -> no such action (msg_5)\n"
            "1 note: would be sent -> rejected (id: is missing) (msg_3)\n"
            "1 note: would update -> would create (msg_7)\n");
  EXPECT_EQ(diff.diff.would().at("note").at("would create"), 5U);
  EXPECT_EQ(diff.diff.would().at("note").at("delivered already, not done again"), 1U);
}

TEST(ReplayDiff, WhatCouldNotBeReadIsNoDifferenceOfTheRecord) {
  Diff diff;
  const std::string down = R"("reason":"HTTP 503")";
  diff.add(Diff::event(1, "now", Diff::action("unknown", R"({"id":1})", down), "with",
                       Diff::action("unknown", R"({"id":"1"})", down)));
  EXPECT_EQ(diff.text(),
            "1 note: \"id\" from number to string (msg_1)\n1 note: could not be told: HTTP 503 (msg_1)\n");
}

TEST(ReplayDiff, ThenIsComparedByWhatWasSaid) {
  Diff diff(DiffSides::then_and_now);
  const auto said = [](const std::string& body, const std::string& end) {
    return R"("said":[{"method":"GET","url":"x","status":200},{"method":"POST","url":"x","request_body":)" +
           body + "," + end + "}]";
  };
  const std::string worked = R"("status":201)";
  const std::string withheld = R"("error":"not sent: the pipeline is a shadow","how":"update 1")";
  const auto both = [&](int seq, const std::string& then, const std::string& now) {
    diff.add(
        Diff::event(seq, "then", Diff::action("delivered", "", then), "now", Diff::action("send", "", now)));
  };
  both(1, said(R"("{\"name\":null}")", worked), said(R"("{\n\"name\":\"Ann\"}")", withheld));
  both(2, said(R"("{\"name\":\"Ann\"}")", worked), said(R"("{\"name\":\"Ann\"}")", withheld));
  both(3, said(R"x("{\"name\":\"A… (the whole has 9000 bytes)")x", worked), said(R"("{}")", withheld));
  both(4, R"("version":"x")", said(R"("{}")", withheld));
  both(5, said(R"("{}")", R"("status":503)"), said(R"("{}")", withheld));
  diff.add(Diff::event(6, "then", Diff::action("rejected", "", R"("reason":"HTTP 400")"), "now",
                       Diff::action("send", "", said(R"("{}")", withheld))));
  diff.add(Diff::event(7, "then", Diff::action("delivered"), "now", Diff::action("done")));
  EXPECT_EQ(diff.text(),
            "1 note: \"name\" from null to string (msg_1)\n"
            "1 note: rejected (HTTP 400) -> would be sent (msg_6)\n");
  EXPECT_EQ(diff.diff.unchanged(), 2U);
  EXPECT_EQ(diff.diff.not_compared(), 3U) << "cut, not kept, never taken";
}

TEST(ReplayDiff, GroupsAreBounded) {
  Diff diff;
  for (int i = 0; i < 3000; ++i) diff.records(i, "{}", "{\"f" + std::to_string(i) + "\":1}");
  const auto groups = diff.diff.groups();
  ASSERT_EQ(groups.size(), 1000U);
  EXPECT_EQ(groups[0].text(), "other differences");
  EXPECT_EQ(groups[0].events, 2001U);
}

}  // namespace
}  // namespace tenon::app
