#include "support.hpp"

namespace bigcommerce {
namespace {

const std::string kOrders = "https://api.bigcommerce.com/stores/abc123/v2/orders";

class Orders : public testing::Test {
 protected:
  fake_host host{tenon_plugin_v1(), "bigcommerce", kStore};

  tenon::testing::result fetch(reply answer) {
    host.answer("GET", kOrders + "/250", std::move(answer));
    return host.fetch("order", R"({"id": "250"})");
  }
  void TearDown() override { EXPECT_EQ(host.report(), ""); }
};

TEST_F(Orders, FindsTheOrderAsItIsWritten) {
  const auto body = file("samples/answer.order.json");
  const auto got = fetch(reply(200, body));
  EXPECT_EQ(got.summary(), "found");
  EXPECT_EQ(got.version, "Tue, 24 Nov 2026 02:21:03 +0000");
  EXPECT_EQ(got.data, body) << "money keeps its digits";
}

TEST_F(Orders, AnUnknownOrderIsGoneAndAnUnknownRouteIsNot) {
  EXPECT_EQ(
      fetch(reply(404, R"([{"status":404,"message":"The requested resource was not found."}])")).summary(),
      "gone");
  EXPECT_EQ(fetch(reply(404, "The route is not found, check the URL")).summary(), "rejected/invalid");
}

TEST_F(Orders, OutcomesOfTheRemote) {
  EXPECT_EQ(fetch(reply(200, R"({"id":251})")).summary(), "retry/remote_error");
  EXPECT_EQ(fetch(reply(200, "[]")).summary(), "retry/remote_error");
  EXPECT_EQ(fetch(reply(204, "")).summary(), "retry/remote_error");
  EXPECT_EQ(fetch(reply(200, "<html>")).summary(), "retry/ambiguous");
  EXPECT_EQ(fetch(reply(401, "X-Auth-Token header is required")).summary(), "retry/auth");
  EXPECT_EQ(fetch(reply(429, "", {{"X-Rate-Limit-Time-Reset-Ms", "5000"}})).summary(), "retry/throttled");
  const auto refused = fetch(reply(400, R"([{"status":400,"message":"Not like this."}])"));
  EXPECT_NE(refused.message.find("Not like this."), std::string::npos) << refused.message;
}

TEST_F(Orders, HostileIdsNeverLeave) {
  for (const char* id : {"", "1/products", "1?x", "../hooks", "-1", "99999999999999999999"}) {
    const auto argument = std::string("\"") + id + "\"}";
    EXPECT_EQ(host.fetch("order", R"({"id":)" + argument).summary(), "rejected/invalid") << id;
    EXPECT_EQ(host.list("order_products", R"({"order":)" + argument).summary(), "rejected/invalid") << id;
  }
  EXPECT_TRUE(host.requests().empty());
}

TEST_F(Orders, PagesFollowUntilOneIsNotFull) {
  const auto url = [](const std::string& page) {
    return kOrders + "?sort=date_modified:asc&limit=2&page=" + page +
           "&min_date_modified=2026-11-24T00:00:00Z&email=a%2Bb@example.com&customer_id=7&status_id=11";
  };
  const char* query = R"({"limit": 2, "min_date_modified": "2026-11-24T00:00:00Z", "email": "a+b@example.com",
                          "customer_id": 7, "status_id": 11})";
  host.answer("GET", url("1"), reply(200, R"([{"id":1,"date_modified":"a","total_tax":"0.10"},{"id":2}])"));
  host.answer("GET", url("2"), reply(204, ""));
  const auto first = host.list("orders", query);
  ASSERT_EQ(first.items.size(), 2u) << first.message;
  EXPECT_EQ(first.items[0].key, "1");
  EXPECT_EQ(first.items[0].version, "a");
  EXPECT_EQ(first.items[0].type, "store/order/updated");
  EXPECT_EQ(first.items[0].data, R"({"id":1,"date_modified":"a","total_tax":"0.10"})");
  EXPECT_EQ(first.cursor, "2");
  const auto second = host.list("orders", query, first.cursor);
  EXPECT_EQ(second.summary(), "found");
  EXPECT_TRUE(second.items.empty());
  EXPECT_EQ(second.cursor, "");
}

TEST_F(Orders, TheProductsOfOne) {
  const auto url = kOrders + "/250/products?limit=250&page=1";
  host.answer("GET", url, reply(200, file("samples/answer.order_products.json")));
  const auto got = host.list("order_products", R"({"order": 250})");
  ASSERT_EQ(got.items.size(), 1u) << got.message;
  EXPECT_EQ(got.items[0].key, "7");
  EXPECT_EQ(got.cursor, "");
  for (const char* body : {"{}", "null", R"([{"id":null}])", R"([7])"}) {
    host.answer("GET", url, reply(200, body));
    EXPECT_EQ(host.list("order_products", R"({"order": 250})").summary(), "retry/ambiguous") << body;
  }
}

TEST(OrdersConnection, WithoutAStoreNothingIsAsked) {
  fake_host host(tenon_plugin_v1(), "bigcommerce", "{}");
  for (const auto& got : {host.fetch("order", R"({"id":"1"})"), host.list("orders", "{}"),
                          host.list("order_products", R"({"order":"1"})")}) {
    EXPECT_EQ(got.summary(), "rejected/invalid");
    EXPECT_NE(got.message.find("store_hash"), std::string::npos);
  }
  EXPECT_EQ(host.report(), "");
}

}  // namespace
}  // namespace bigcommerce
