// One list of scenarios, run against the SDK's fake host and the real host's table around the same plugin
// object. An author who tests with the fake host must see what tenon will do.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "side.hpp"

namespace border {
namespace {

using kind = reaction::kind;

struct scenario {
  const char* name;
  const char* connector;
  std::function<std::string(side&)> run;
  const char* expected;
};

const char* const kThings = "https://x.test/things";

reaction failing(kind what) {
  reaction out;
  out.what = what;
  return out;
}

std::string found_by(side& s, reaction what) {
  s.answer("GET", kThings, std::move(what));
  return s.find("{}");
}
std::string created_by(side& s, reaction what) {
  s.answer("POST", kThings, std::move(what));
  return s.create(R"({"id":"7"})");
}

/// The result, and below it what left for the network.
std::string with_requests(side& s, std::string result) { return std::move(result) + "\n" + s.requests(); }

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all = {
      // Requests and their answers.
      {"http_ok", "sdk",
       [](side& s) {
         return found_by(s, {200, "7", {}});
       },
       "found match=7,,"},
      {"http_ok_empty", "sdk",
       [](side& s) {
         return created_by(s, {204, "", {}});
       },
       "delivered version=v2"},
      {"request_as_made", "sdk",
       [](side& s) {
         s.answer("POST", kThings, {201, "9", {}});
         return with_requests(s, s.create(R"({"id":"ä"})"));
       },
       "delivered id=9 version=v2\n"
       "POST https://x.test/things Content-Type=application/json Idempotency-Key=create-1 "
       "body={\"id\":\"ä\"}\n"},
      {"query_and_header", "sdk",
       [](side& s) {
         s.answer("GET", "https://x.test/things?q=a%20b%26c", {200, R"({"a":69.80})", {{"etag", "v9"}}});
         return s.fetch("{}");
       },
       "found version=v9 data={\"a\":69.80}"},
      {"update_without_match", "sdk",
       [](side& s) {
         s.answer("PUT", "https://x.test/things/7", {200, "", {}});
         return with_requests(s, s.update("{}", false));
       },
       "delivered\nPUT https://x.test/things/7 Content-Type=application/json body={}\n"},
      {"update_with_match", "sdk",
       [](side& s) {
         s.answer("PUT", "https://x.test/things/7", {200, "", {}});
         return with_requests(s, s.update("{}", true));
       },
       "delivered\nPUT https://x.test/things/7 Content-Type=application/json If-Match=versiontext body={}\n"},
      {"update_stale", "sdk",
       [](side& s) {
         s.answer("PUT", "https://x.test/things/7", {404, "", {}});
         return s.update("{}", false).substr(0, 11);
       },
       "retry/stale"},
      {"safe_post_is_no_effect", "sdk",
       [](side& s) {
         s.answer("POST", "https://x.test/search", {200, "[]", {}}).answer("POST", kThings, {201, "9", {}});
         return s.create(R"({"do": "search first"})");
       },
       "delivered id=9 version=v2"},
      {"throttled", "sdk",
       [](side& s) {
         return created_by(s, {429, "", {{"Retry-After", "7"}}}).substr(0, 32);
       },
       "retry/throttled retry_after=7000"},
      {"conflict", "sdk",
       [](side& s) {
         return created_by(s, {409, "", {}}).substr(0, 14);
       },
       "retry/conflict"},
      {"invalid", "sdk",
       [](side& s) {
         return created_by(s, {422, "", {}}).substr(0, 16);
       },
       "rejected/invalid"},
      {"auth", "sdk",
       [](side& s) {
         return created_by(s, {401, "", {}}).substr(0, 10);
       },
       "retry/auth"},

      // Transport failures.
      {"not_sent", "sdk",
       [](side& s) { return created_by(s, failing(kind::refused_connection)).substr(0, 14); },
       "retry/not_sent"},
      {"maybe_sent", "sdk", [](side& s) { return created_by(s, failing(kind::reset)).substr(0, 15); },
       "retry/ambiguous"},
      {"timeout", "sdk", [](side& s) { return created_by(s, failing(kind::timeout)).substr(0, 15); },
       "retry/ambiguous"},
      {"too_large", "sdk", [](side& s) { return created_by(s, failing(kind::too_large)).substr(0, 15); },
       "retry/ambiguous"},

      // What the host refuses.
      {"foreign_host", "sdk",
       [](side& s) { return with_requests(s, s.find(R"({"to": "foreign"})").substr(0, 15)); },
       "rejected/plugin\n"},
      {"relative_url", "sdk",
       [](side& s) { return with_requests(s, s.find(R"({"to": "relative"})").substr(0, 15)); },
       "rejected/plugin\n"},
      {"second_effect", "sdk",
       [](side& s) {
         s.answer("POST", kThings, {201, "9", {}});
         return with_requests(s, s.create("twice").substr(0, 15));
       },
       "rejected/plugin\nPOST https://x.test/things Content-Type=application/json Idempotency-Key=create-1 "
       "body=twice\n"},

      // Ends of calls.
      {"gone", "sdk", [](side& s) { return s.fetch(R"({"want": "gone"})"); }, "gone"},
      {"none_found", "sdk", [](side& s) { return s.find(R"({"want": "none"})"); }, "found"},
      {"many_found", "sdk", [](side& s) { return s.find(R"({"want": "many"})"); },
       "found match=1,v1,{\"n\":1} match=2,,"},
      {"page", "sdk", [](side& s) { return s.list(""); },
       "found cursor=next item=1,thing,v1,{\"a\":69.80} item=2,thing,,{}"},
      {"last_page", "sdk", [](side& s) { return s.list("next"); },
       "found item=1,thing,v1,{\"a\":69.80} item=2,thing,,{}"},
      {"delivered_inline", "sdk", [](side& s) { return s.deliver("{}"); }, "delivered id=call-1"},
      {"texts_hold_nul", "sdk", [](side& s) { return std::to_string(s.deliver("NUL").size()); }, "16"},
      {"throws", "sdk", [](side& s) { return s.find("throw"); }, "rejected/plugin message=find threw"},
      {"throws_after_waiting", "sdk",
       [](side& s) {
         s.answer("GET", kThings, {200, "", {}});
         return s.find("after");
       },
       "rejected/plugin message=threw after the answer"},
      {"cancelled", "sdk",
       [](side& s) {
         s.answer("GET", kThings, {200, "7", {}});
         return s.cancelled_find("{}").substr(0, 9);
       },
       "cancelled"},
      {"goes_on_after_a_cancel", "sdk",
       [](side& s) {
         s.answer("GET", kThings, {200, "6", {}}).answer("GET", kThings, {200, "7", {}});
         s.cancelled_find("{}");
         return s.find("{}");
       },
       "found match=7,,"},

      // Logs and time.
      {"log", "sdk",
       [](side& s) {
         s.answer("GET", "https://x.test/things?q=a%20b%26c", {200, "{}", {}});
         s.fetch(R"({"do": "log"})");
         return std::string(s.logged("fetching with a") ? "logged" : "not logged");
       },
       "logged"},
      {"clock", "sdk", [](side& s) { return s.fetch(R"({"want": "clock"})"); }, "found data=1700000000000"},

      // accept.
      {"accept_paths", "sdk",
       [](side& s) {
         return s.accept(
             R"({"events": [ {"id": "x", "a/b~c": "ü\n🙂", "on": false, "version": 1.50, "time": 17},
                                         {"id": 12, "thin": null} ]})",
             {{"x-kind", "h"}}, 5);
       },
       "x thing version=1.50 "
       "data={\"id\":\"x\",\"a/b~c\":\"ü\\n🙂\",\"on\":false,\"version\":1.50,\"time\":17} time=17 "
       "thing=ü\n🙂 header=h size=5 on=yes\n"
       "12 thing data={\"id\":12,\"thin\":null} thin=yes thing=none header=h size=2 on=no\n"},
      {"accept_nothing", "sdk", [](side& s) { return s.accept(R"({"events": []})", {}, 5); }, ""},
      {"accept_malformed", "sdk", [](side& s) { return s.accept(R"({"malformed": 1})", {}, 5); },
       "malformed: not what this source sends"},
      {"accept_throws", "sdk", [](side& s) { return s.accept(R"({"throw": 1})", {}, 5); },
       "malformed: accept threw"},
      {"accept_no_json", "sdk", [](side& s) { return s.accept("{]", {}, 5); },
       "malformed: the body is not JSON"},
      {"accept_duplicate_names", "sdk", [](side& s) { return s.accept(R"({"a":1,"a":2})", {}, 5); },
       "malformed: the body is not JSON"},
      {"accept_too_deep", "sdk",
       [](side& s) { return s.accept(std::string(65, '[') + std::string(65, ']'), {}, 5); },
       "malformed: the body is not JSON"},
      {"accept_deep_enough", "sdk",
       [](side& s) { return s.accept(std::string(64, '[') + std::string(64, ']'), {}, 5); }, ""},
      {"accept_long_number", "sdk", [](side& s) { return s.accept("[" + std::string(65, '1') + "]", {}, 5); },
       "malformed: the body is not JSON"},
      {"accept_bom", "sdk", [](side& s) { return s.accept("\xEF\xBB\xBF{}", {}, 5); },
       "malformed: the body is not JSON"},
      {"accept_no_text", "sdk", [](side& s) { return s.accept("[\"\xff\"]", {}, 5); },
       "malformed: the body is not JSON"},
      {"accept_empty", "sdk", [](side& s) { return s.accept("", {}, 5); }, "malformed: the body is not JSON"},

      // Over the C table: what the SDK makes impossible.
      {"double_inline_completion", "bare", [](side& s) { return s.find("inline"); }, "found message=bare"},
      {"double_completion", "bare",
       [](side& s) {
         s.answer("GET", kThings, {200, "", {}});
         return s.find("twice");
       },
       "found message=bare"},
      {"unknown_completion", "bare",
       [](side& s) {
         s.answer("GET", kThings, {200, "", {}});
         return s.find("unknown");
       },
       "found message=bare"},
      {"http_of_another_call", "bare", [](side& s) { return with_requests(s, s.find("other call")); },
       "found message=bare\n"},
  };
  return all;
}

class Border : public testing::TestWithParam<scenario> {};

TEST_P(Border, FakeHost) {
  const auto s = make_fake_side(GetParam().connector, "{}");
  EXPECT_EQ(GetParam().run(*s), GetParam().expected);
}
TEST_P(Border, RealHost) {
  const auto s = make_real_side(GetParam().connector, "{}");
  EXPECT_EQ(GetParam().run(*s), GetParam().expected);
}

void PrintTo(const scenario& s, std::ostream* out) { *out << s.name; }
INSTANTIATE_TEST_SUITE_P(All, Border, testing::ValuesIn(scenarios()),
                         [](const testing::TestParamInfo<scenario>& each) {
                           return std::string(each.param.name);
                         });

TEST(BorderSettings, RefusedInTheSameWords) {
  for (auto make : {&make_fake_side, &make_real_side}) {
    EXPECT_EQ(make("sdk", "{}")->failure(), "");
    EXPECT_EQ(make("sdk", R"({"mode":"refuse"})")->failure(), "these settings are refused");
  }
}

}  // namespace
}  // namespace border
