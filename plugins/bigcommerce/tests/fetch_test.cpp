#include "support.hpp"

namespace bigcommerce {
namespace {

class Fetch : public testing::Test {
 protected:
  fake_host host{tenon_plugin_v1(), "bigcommerce", kStore};
  const std::string url = kBase + "/customers?id:in=12908";

  tenon::testing::result fetch(reply answer) {
    host.answer("GET", url, std::move(answer));
    return host.fetch("customer", R"({"id": "12908"})");
  }
  void TearDown() override { EXPECT_EQ(host.report(), ""); }
};

TEST_F(Fetch, FindsTheCustomer) {
  const auto got = fetch(reply(200, file("samples/answer.customers.json")));
  EXPECT_EQ(got.summary(), "found");
  EXPECT_EQ(got.version, "2024-05-15T10:00:00Z");
  EXPECT_EQ(tenon::json::parse(got.data).at("email"), "Ann@Example.com");
}

TEST_F(Fetch, NumbersStayAsWritten) {
  const auto got = fetch(reply(200, R"({"data":[{"id":12908,"store_credit_amounts":[{"amount":10.00}]}]})"));
  EXPECT_EQ(got.data, R"({"id":12908,"store_credit_amounts":[{"amount":10.00}]})");
}

TEST_F(Fetch, ADeletedCustomerIsAnEmptyList) {
  EXPECT_EQ(fetch(reply(200, R"({"data":[],"meta":{}})")).summary(), "gone");
}

TEST_F(Fetch, AnIgnoredFilterIsNoCustomer) {
  const auto got = fetch(reply(200, R"({"data":[{"id":1}]})"));
  EXPECT_EQ(got.summary(), "retry/remote_error");
}

TEST_F(Fetch, IntegerIdsToo) {
  host.answer("GET", url, reply(200, R"({"data":[{"id":12908}]})"));
  EXPECT_EQ(host.fetch("customer", R"({"id": 12908})").summary(), "found");
}

TEST_F(Fetch, OutcomesOfTheRemote) {
  EXPECT_EQ(fetch(reply(401, "X-Auth-Token header is required")).summary(), "retry/auth");
  EXPECT_EQ(fetch(reply(401, R"({"status":401,"title":"Unauthorized"})")).summary(), "retry/auth");
  EXPECT_EQ(fetch(reply(403, "")).summary(), "rejected/auth");
  EXPECT_EQ(fetch(reply(404, "The route is not found, check the URL")).summary(), "rejected/invalid");
  EXPECT_EQ(fetch(reply(429, "", {{"X-Rate-Limit-Time-Reset-Ms", "5000"}})).summary(), "retry/throttled");
  EXPECT_EQ(fetch(reply(500, "<html>")).summary(), "retry/remote_error");
  EXPECT_EQ(fetch(reply(503, "", {{"Retry-After", "7"}})).retry_after_ms, 7000);
  EXPECT_EQ(fetch(reply::refused_connection()).summary(), "retry/not_sent");
  EXPECT_EQ(fetch(reply::reset()).summary(), "retry/ambiguous");
  EXPECT_EQ(fetch(reply::too_large()).summary(), "retry/ambiguous");
}

TEST_F(Fetch, SaysWhatIsMissing) {
  EXPECT_NE(fetch(reply(401, "X-Auth-Token header is required")).message.find("access_token"),
            std::string::npos);
  EXPECT_NE(fetch(reply(403, "")).message.find("store_hash"), std::string::npos);
}

TEST_F(Fetch, HostileAnswers) {
  for (const char* body :
       {"", "null", "[]", "{}", R"({"data":null})", R"({"data":{}})", "<html>", R"({"data":[)", "\xFF"})
    EXPECT_EQ(fetch(reply(200, body)).summary(), "retry/ambiguous") << body;
  EXPECT_EQ(fetch(reply(200, std::string(1'000'000, '['))).summary(), "retry/ambiguous");
  for (const char* body : {R"({"data":[null]})", R"({"data":[{"id":null}]})", R"({"data":[[12908]]})",
                           R"({"data":[{"id":{}}]})"})
    EXPECT_EQ(fetch(reply(200, body)).summary(), "retry/remote_error") << body;
}

TEST_F(Fetch, HostileIdsNeverLeave) {
  for (const char* id :
       {"", "1,2", "1&limit=250", "../hooks", "1 ", "-1", "99999999999999999999", "1\\u0000"}) {
    const auto got = host.fetch("customer", std::string(R"({"id":")") + id + "\"}");
    EXPECT_EQ(got.summary(), "rejected/invalid") << id;
  }
  EXPECT_EQ(host.fetch("customer", "{}").summary(), "rejected/invalid");
  EXPECT_EQ(host.fetch("customer", R"({"id":{}})").summary(), "rejected/invalid");
  EXPECT_EQ(host.fetch("ordres", R"({"id":"1"})").summary(), "rejected/invalid");
  EXPECT_TRUE(host.requests().empty());
}

TEST_F(Fetch, CancelledWhileWaiting) {
  host.answer("GET", url, reply(200, "{}"));
  const auto call = host.begin_fetch("customer", R"({"id": "12908"})");
  host.cancel(call);
  EXPECT_EQ(host.finish(call).summary(), "cancelled");
}

TEST(Connection, WithoutAStoreNothingIsAsked) {
  fake_host host(tenon_plugin_v1(), "bigcommerce", R"({"base_url": "https://api.bigcommerce.com"})");
  ASSERT_TRUE(host.made());
  for (const auto& got :
       {host.fetch("customer", R"({"id":"1"})"), host.list("customers", "{}"), host.hooks_list("{}")}) {
    EXPECT_EQ(got.summary(), "rejected/invalid");
    EXPECT_NE(got.message.find("store_hash"), std::string::npos);
  }
  EXPECT_EQ(host.accept(R"({"type":"bigcommerce.created","data":{"id":"x"}})").events.size(), 1u);
  EXPECT_EQ(host.report(), "");
}

TEST(Connection, BaseUrlMayHaveASlash) {
  fake_host host(tenon_plugin_v1(), "bigcommerce",
                 R"({"store_hash":"abc123","base_url":"http://127.0.0.1:9/"})");
  host.answer("GET", "http://127.0.0.1:9/stores/abc123/v3/customers?id:in=1", reply(200, R"({"data":[]})"));
  EXPECT_EQ(host.fetch("customer", R"({"id":"1"})").summary(), "gone");
  EXPECT_EQ(host.report(), "");
}

TEST(List, PagesOfCustomers) {
  fake_host host(tenon_plugin_v1(), "bigcommerce", kStore);
  const auto url = [](const std::string& page) {
    return kBase + "/customers?sort=date_modified:asc&limit=2&page=" + page +
           "&date_modified:min=2026-11-24T00:00:00%2B00:00&email:in=a%2Bb@example.com";
  };
  const char* query =
      R"({"limit": 2, "date_modified_min": "2026-11-24T00:00:00+00:00", "email": "a+b@example.com"})";
  host.answer("GET", url("1"), reply(200, R"({"data":[{"id":1,"date_modified":"a"},{"id":2}],
      "meta":{"pagination":{"current_page":1,"total_pages":2}}})"));
  host.answer("GET", url("2"),
              reply(200, R"({"data":[{"id":3}],"meta":{"pagination":{"current_page":2,"total_pages":2}}})"));
  const auto first = host.list("customers", query);
  ASSERT_EQ(first.items.size(), 2u) << first.message;
  EXPECT_EQ(first.items[0].key, "1");
  EXPECT_EQ(first.items[0].version, "a");
  EXPECT_EQ(first.items[0].type, "store/customer/updated");
  EXPECT_EQ(first.cursor, "2");
  const auto second = host.list("customers", query, first.cursor);
  EXPECT_EQ(second.items.size(), 1u);
  EXPECT_EQ(second.cursor, "");
  EXPECT_EQ(host.list("customers", query, "x").summary(), "rejected/invalid");
  EXPECT_EQ(host.list("ordres", query).summary(), "rejected/invalid");
  EXPECT_EQ(host.report(), "");
}

TEST(List, AnEmptyPageEndsWhateverTheTotalSays) {
  fake_host host(tenon_plugin_v1(), "bigcommerce", kStore);
  host.answer("GET", kBase + "/customers?sort=date_modified:asc&limit=250&page=1",
              reply(200, R"({"data":[],"meta":{"pagination":{"total_pages":99}}})"));
  EXPECT_EQ(host.list("customers", "{}").cursor, "");
  EXPECT_EQ(host.report(), "");
}

}  // namespace
}  // namespace bigcommerce
