// The language around the mapping on the whole host: lets, tables, needs and results, lists, order, priority.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Language : public VirtualHost {
 protected:
  /// The usual pipeline with other sections behind `trigger`.
  static std::string with(const std::string& top, const std::string& rest) {
    std::string text = kPipeline;
    text.erase(text.find("mapping:"));
    text.insert(text.find("trigger:"), top);
    return text + rest;
  }
  Value desk(const std::string& id) {
    documents_.push_back(parse_json(remotes_.desk.at(id)).value());
    return documents_.back().root;
  }
  std::vector<Document> documents_;
};

constexpr const char* kTwoActions = R"(
actions:
  second:
    connection: desk
    operation: upsert_customer
    needs: [first]
    mapping: { external_id: "second_${{ $results.first.id }}", email: "second@example.com" }
  third:
    connection: desk
    operation: upsert_customer
    mapping: { external_id: "third_${{ customer.id }}", email: "third@example.com" }
  first:
    connection: desk
    operation: upsert_customer
    mapping: { external_id: "first_${{ customer.id }}", email: "${{ customer.email }}" }
)";

TEST_F(Language, LetsAndTablesGiveWhatTheyAreReadFor) {
  remotes_.shop["32"] = {"Ann@Example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(with(R"(
tables: { families: { Lee: The Lees } }
let:
  mail: ${{ $lowercase(customer.email) }}
  never: ${{ $need(customer.nothing, 'never read') }}
  both: ["${{ $mail }}", "${{ $random() = $random() }}"]
)",
             R"(
mapping:
  external_id: ${{ $both[0] }}
  email: ${{ $mail }}
  name: "${{ $mail = 'x' ? $never : $lookup($tables.families, customer.last_name) }}"
action: { connection: desk, operation: upsert_customer }
)"));
  send("msg_1", "32");
  runtime_.run_until_idle();
  ASSERT_EQ(state("msg_1"), "delivered") << show("msg_1").row.reason;
  EXPECT_EQ(desk("1").get("external_id").as_string(), "ann@example.com");
  EXPECT_EQ(desk("1").get("name").as_string(), "The Lees");
}

TEST_F(Language, ALetThatFailsRejectsByItsNameAndNeverItsValue) {
  remotes_.shop["32"] = {"hush@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(with("let:\n  figure: ${{ $number(customer.email) }}\n", R"(
mapping: { external_id: "x_${{ $figure }}", email: a@b.c }
action: { connection: desk, operation: upsert_customer }
)"));
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "rejected");
  const std::string reason = show("msg_1").row.reason;
  EXPECT_NE(reason.find("`$figure` (line "), std::string::npos) << reason;
  EXPECT_EQ(reason.find("hush"), std::string::npos) << reason;
}

TEST_F(Language, AnActionWaitsForWhatItNeedsAndReadsWhatThatWrote) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(with("", kTwoActions));
  send("msg_1", "32");
  runtime_.run_until_idle();
  ASSERT_EQ(state("msg_1"), "delivered") << show("msg_1").row.reason;
  ASSERT_EQ(remotes_.desk.size(), 3U);
  EXPECT_EQ(desk("1").get("external_id").as_string(), "third_32");
  EXPECT_EQ(desk("2").get("external_id").as_string(), "first_32");
  EXPECT_EQ(desk("3").get("external_id").as_string(), "second_2");
}

TEST_F(Language, ADeadActionSkipsThoseThatNeedItAndItsSiblingsGoOn) {
  remotes_.shop["32"] = {"first@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  std::string actions = kTwoActions;
  actions.replace(actions.find("\"first_${{ customer.id }}\""), 26,
                  "\"${{ $need(customer.nothing, 'no') }}\"");
  start(with("", actions));
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "rejected");
  std::map<std::string, journal::ActionEnd> ends;
  for (const auto& action : show("msg_1").actions) ends[action.action] = action;
  EXPECT_EQ(ends.at("first").end, End::rejected);
  EXPECT_EQ(ends.at("second").end, End::skipped);
  EXPECT_EQ(show("msg_1").row.reason, ends.at("first").reason)
      << "the event's reason is that of its worst action";
  EXPECT_EQ(ends.at("second").reason, "needs first, which ended rejected");
  EXPECT_EQ(ends.at("third").end, End::delivered);
}

TEST_F(Language, WhatIsNeededIsRememberedOverARetry) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(with("", kTwoActions));
  int creates = 0;
  remotes_.desk_fault = [&](const std::string& line) -> runtime::ScriptedAnswer {
    // The third create is that of `second`.
    if (line == "POST /api/customers" && ++creates == 3) return {503, "", {{"Retry-After", "7"}}};
    return {};
  };
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "retrying");
  EXPECT_EQ(remotes_.desk.size(), 2U);
  runtime_.advance(minutes(30));
  EXPECT_EQ(state("msg_1"), "delivered");
  ASSERT_EQ(remotes_.desk.size(), 3U);
  EXPECT_EQ(desk("3").get("external_id").as_string(), "second_2");
  EXPECT_EQ(creates, 4);
}

TEST_F(Language, TheReasonOfTheWorstActionIsRememberedOverARetry) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  std::string actions = kTwoActions;
  actions.replace(actions.find("\"third_${{ customer.id }}\""), 26,
                  "\"${{ $need(customer.nothing, 'no') }}\"");
  start(with("", actions));
  int creates = 0;
  remotes_.desk_fault = [&](const std::string& line) -> runtime::ScriptedAnswer {
    if (line == "POST /api/customers" && ++creates == 1) return {503, "", {{"Retry-After", "7"}}};
    return {};
  };
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "retrying");
  runtime_.advance(minutes(30));
  EXPECT_EQ(state("msg_1"), "rejected");
  std::string reason;
  for (const auto& action : show("msg_1").actions) {
    if (action.action == "third") reason = action.reason;
  }
  EXPECT_FALSE(reason.empty());
  EXPECT_EQ(show("msg_1").row.reason, reason)
      << "it was rejected in the first attempt, the others ended in the second";
}

TEST_F(Language, WhatIsUpToDateAtTheSinkCountsAsDelivered) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(with("", kTwoActions));
  send("msg_1", "32");
  runtime_.run_until_idle();
  send("msg_2", "32");
  runtime_.run_until_idle();
  for (const auto& action : show("msg_2").actions) {
    EXPECT_EQ(action.end, End::skipped) << action.action;
    EXPECT_EQ(action.reason, "unchanged: this version was applied already") << action.action;
  }
}

TEST_F(Language, ANeededActionThatWaitsHoldsBackOnlyWhatNeedsIt) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(with("", kTwoActions));
  int creates = 0;
  remotes_.desk_fault = [&](const std::string& line) -> runtime::ScriptedAnswer {
    if (line == "POST /api/customers" && ++creates == 2) return {503, "", {{"Retry-After", "7"}}};
    return {};
  };
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "retrying");
  EXPECT_EQ(remotes_.desk.size(), 1U);
  EXPECT_EQ(desk("1").get("external_id").as_string(), "third_32");
  runtime_.advance(minutes(30));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(remotes_.desk.size(), 3U);
}

TEST_F(Language, AListIsReadAsAnArrayOfItsItems) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  std::string text = kPipeline;
  text.replace(text.find("  fetch: {"), text.find("mapping:") - text.find("  fetch: {"), R"(
  fetch:
    customer: { id: "${{ event.keys.customer }}" }
    same: { list: customers, query: { email: "${{ customer.email }}", limit: 10 } }
)");
  text.replace(text.find("  name: "), text.find("action:") - text.find("  name: "),
               "  name: \"${{ $type(same) }} of ${{ $count(same) }}\"\n");
  start(text);
  send("msg_1", "32");
  runtime_.run_until_idle();
  ASSERT_EQ(state("msg_1"), "delivered") << show("msg_1").row.reason;
  EXPECT_EQ(desk("1").get("name").as_string(), "array of 0");
}

TEST_F(Language, OrderByMakesTheLanes) {
  for (const char* id : {"1", "2", "3"})
    remotes_.shop[id] = {std::string("u") + id + "@example.com", "U", "X", "2024-05-14T09:34:00Z"};
  remotes_.shop_delay = seconds(2);
  start(std::string(kPipeline) +
        "delivery: { order_by: \"${{ event.data.id = 3 ? 'alone' : 'together' }}\" }\n");
  send("msg_1", "1");
  send("msg_2", "2");
  send("msg_3", "3");
  runtime_.advance(seconds(1));
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 2) << "one for each lane";
  runtime_.advance(minutes(1));
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) EXPECT_EQ(state(id), "delivered");
}

TEST_F(Language, AnOrderThatGivesNoTextRejectsByName) {
  remotes_.shop["1"] = {"u@example.com", "U", "X", "2024-05-14T09:34:00Z"};
  start(std::string(kPipeline) +
        "delivery: { order_by: \"${{ event.keys }}\", priority: \"${{ event.type }}\" }\n");
  send("msg_1", "1");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "rejected");
  EXPECT_NE(show("msg_1").row.reason.find("delivery.order_by gives object, not a text"), std::string::npos)
      << show("msg_1").row.reason;
}

}  // namespace
}  // namespace tenon::pipeline
