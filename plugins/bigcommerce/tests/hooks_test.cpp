#include "support.hpp"

namespace bigcommerce {
namespace {

class Hooks : public testing::Test {
 protected:
  fake_host host{tenon_plugin_v1(), "bigcommerce", kStore};
  const std::string list_url = kBase + "/hooks?limit=250&page=1";
  const std::string rows = R"({"data":[
      {"id":7,"scope":"store/customer/created","destination":"https://t.example/in/store","is_active":true},
      {"id":8,"scope":"store/customer/updated","destination":"https://t.example/in/store","is_active":false},
      {"id":9,"scope":"store/customer/created","destination":"https://other.example/","is_active":true}],"meta":{}})";
  void TearDown() override { EXPECT_EQ(host.report(), ""); }
};

TEST_F(Hooks, ListsThoseOfTheUrl) {
  host.answer("GET", list_url, reply(200, rows));
  const auto got = host.hooks_list(R"({"url":"https://t.example/in/store","events":[]})");
  EXPECT_EQ(got.summary(), "found");
  EXPECT_EQ(tenon::json::parse(got.data), tenon::json::parse(R"([
      {"id":"7","url":"https://t.example/in/store","event":"store/customer/created","active":true},
      {"id":"8","url":"https://t.example/in/store","event":"store/customer/updated","active":false}])"));
}

TEST_F(Hooks, CreatesOneWithItsHeaders) {
  host.answer("GET", list_url, reply(200, R"({"data":[],"meta":{}})"));
  // An answer without the envelope, as the vendor's guide prints it.
  host.answer(
      "POST", kBase + "/hooks",
      reply(
          200,
          R"({"id":11,"scope":"store/customer/created","destination":"https://t.example/in/store","is_active":true})"));
  const auto got =
      host.hooks_create(R"({"url":"https://t.example/in/store","events":["store/customer/created"],
      "headers":{"x-tenon-webhook-secret":"s"}})");
  EXPECT_EQ(got.summary(), "found");
  EXPECT_EQ(tenon::json::parse(got.data)[0]["id"], "11");
  const auto body = tenon::json::parse(host.requests().back().body);
  EXPECT_EQ(body["scope"], "store/customer/created");
  EXPECT_EQ(body["headers"]["x-tenon-webhook-secret"], "s");
  EXPECT_EQ(body["is_active"], true);
}

TEST_F(Hooks, DoesNotCreateWhatIsThere) {
  host.answer("GET", list_url, reply(200, rows));
  const auto got =
      host.hooks_create(R"({"url":"https://t.example/in/store","events":["store/customer/created"]})");
  EXPECT_EQ(tenon::json::parse(got.data)[0]["id"], "7");
}

TEST_F(Hooks, RefusesWhatTheShopWouldNeverCall) {
  EXPECT_EQ(host.hooks_create(R"({"url":"http://t.example/","events":["a"]})").summary(), "rejected/invalid");
  EXPECT_EQ(host.hooks_create(R"({"url":"https://t.example/","events":["a","b"]})").summary(),
            "rejected/invalid");
  EXPECT_EQ(host.hooks_create(R"({"url":"https://t.example/","events":"a"})").summary(), "rejected/invalid");
}

TEST_F(Hooks, RepairsByIdAndUrl) {
  host.answer("GET", list_url, reply(200, rows));
  host.answer(
      "PUT", kBase + "/hooks/8",
      reply(
          200,
          R"({"data":{"id":8,"scope":"store/customer/updated","destination":"https://t.example/in/store","is_active":true}})"));
  const auto got =
      host.hooks_repair(R"({"url":"https://t.example/in/store","events":["store/customer/updated"]})");
  EXPECT_EQ(tenon::json::parse(got.data)[0]["active"], true);
}

TEST_F(Hooks, DeletesAndToleratesThoseThatAreGone) {
  host.answer("GET", list_url, reply(200, rows));
  host.answer("DELETE", kBase + "/hooks/7", reply(200, "{}"));
  host.answer("DELETE", kBase + "/hooks/8", reply(404, ""));
  EXPECT_EQ(host.hooks_delete(R"({"url":"https://t.example/in/store"})").summary(), "found");
  EXPECT_EQ(host.hooks_delete("{}").summary(), "rejected/invalid") << "never all hooks by mistake";
}

TEST_F(Hooks, HostileAnswers) {
  for (const char* body : {"", "{}", R"({"data":7})", "<html>"}) {
    host.answer("GET", list_url, reply(200, body));
    EXPECT_EQ(host.hooks_list("{}").summary(), "retry/ambiguous") << body;
  }
  host.answer("GET", list_url, reply(422, R"({"title":"no"})"));
  EXPECT_EQ(host.hooks_list("{}").summary(), "rejected/invalid");
}

}  // namespace
}  // namespace bigcommerce
