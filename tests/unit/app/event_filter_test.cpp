// --where: what it sees, what it says of mistakes, and that no event can make it fail.
#include "app/event_filter.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tenon::app {
namespace {

constexpr const char* kRow =
    R"({"seq":17,"id":"msg_1","pipeline":"orders","connection":"store","type":"store/order/created","key":"12908",
        "keys":{"order":"250"},"version":"3","time_ms":1561479335000,"received_ms":1764000000123,"class":"live",
        "thin":true,"state":"retrying","reason":"503 Service Unavailable","attempts":2,"data":{"id":250,"total":"69.80"}})";

std::string answer(const std::string& expression, const char* row = kRow) {
  auto filter = EventFilter::parse(expression);
  if (!filter) return filter.error().text();
  const auto document = parse_json(row);
  const auto matched = filter->test(document->root);
  if (!matched) return matched.error().text();
  if (filter->failed() > 0) return "failed: " + filter->first_failure();
  return *matched ? "yes" : "no";
}

TEST(EventFilter, SeesTheEventAsAPipelineDoesAndWhatBecameOfIt) {
  for (const char* yes :
       {"event.id = 'msg_1'", "event.type = 'store/order/created'", "event.key = '12908'",
        "event.keys.order = '250'", "event.version = '3'", "event.time = '2019-06-25T16:15:35.000Z'",
        "event.received_at = '2025-11-24T16:00:00.123Z'", "event.class = 'live'",
        "event.connection = 'store'", "event.data.id = 250", "$number(event.data.total) > 69",
        "state = 'retrying'", "$contains(reason, '503')", "attempts = 2", "pipeline = 'orders'", "seq = 17",
        "$event.data.id = 250 and $state = 'retrying'", "$now() = '2025-11-24T16:00:00.123Z'"})
    EXPECT_EQ(answer(yes), "yes") << yes;
  EXPECT_EQ(answer("event.data.id = 251"), "no");
  EXPECT_EQ(answer("event.data.nothing"), "no") << "missing";
  EXPECT_EQ(answer("event.data.n", R"({"data":{"n":null}})"), "no") << "null";
}

TEST(EventFilter, TellsWhereAMistakeIs) {
  EXPECT_EQ(answer("evnt.data.id = 1"),
            "bad_argument: --where: there is no `evnt` at the top; did you mean `event`?\n"
            "  evnt.data.id = 1\n"
            "  ^~~~");
  EXPECT_EQ(
      answer("1 = data.id"),
      "bad_argument: --where: there is no `data` at the top, but event, state, reason, attempts, pipeline "
      "and seq\n"
      "  1 = data.id\n"
      "      ^~~~");
  EXPECT_NE(answer("event.data.id = ").find("\n  event.data.id = \n"), std::string::npos);
  EXPECT_NE(answer("$lowercse(event.key) = 'a'").find("did you mean `$lowercase`?"), std::string::npos);
  EXPECT_EQ(answer("event.data.id"),
            "bad_argument: --where: it gives a number, not true or false\n"
            "  event.data.id\n"
            "  ^~~~~~~~~~~~~");
}

TEST(EventFilter, AnEventThatItFailsForIsCountedAndNoMatch) {
  const std::string said = answer("$number(event.type) > 1");
  EXPECT_TRUE(said.starts_with("failed: ")) << said;
  EXPECT_NE(said.find("\n  $number(event.type) > 1\n"), std::string::npos) << said;
  // A loop is cut: a list must come to its end.
  EXPECT_TRUE(answer("($f := function($n) { $f($n + 1) }; $f(0)) = 1").starts_with("failed: "));
}

}  // namespace
}  // namespace tenon::app
