// The same with a real plugin, loaded as a host loads it.
#include <gtest/gtest.h>

#include "tests/unit/ingress/ingress_fixture.hpp"

namespace tenon::tests {
namespace {

constexpr const char* kConnector = "bigcommerce";

class ShopRoute : public IngressFixture {
 protected:
  void SetUp() override {
    auto opened = plugin::open_registry(std::string(TENON_BINARY_DIR) + "/lib/tenon");
    ASSERT_TRUE(opened) << opened.error().text();
    registry_ = std::move(*opened);
    const plugin::ConnectorManifest* const manifest = registry_->find(kConnector);
    ASSERT_NE(manifest, nullptr);
    open();
    plugin::ConnectionSpec connection = signed_connection("store");
    connection.connector = kConnector;
    connection.settings = "{}";
    auto made = registry_->make_instance(connection, {&runtime_, &runtime_.ingress(), nullptr});
    ASSERT_TRUE(made) << made.error().text();
    std::vector<ingress::Route> routes(1);
    routes[0].connection = connection;
    routes[0].manifest = manifest;
    routes[0].instance = std::move(*made);
    routes[0].wanted = {{"store/customer/created", {"one"}}};
    const Status routed = ingress_->set_routes(std::move(routes));
    ASSERT_TRUE(routed) << routed.error().text();
  }
  void TearDown() override {
    ingress_.reset();
    runtime_.run_until_idle();
  }

  std::unique_ptr<plugin::Registry> registry_;
};

TEST_F(ShopRoute, AThinWebhookBecomesAnEvent) {
  const std::string body =
      R"({"scope":"store/customer/created","store_id":"1","data":{"type":"customer","id":12908},)"
      R"("hash":"dd70","created_at":1561479335,"producer":"stores/abc"})";
  EXPECT_EQ(ask(signed_request(body)).body, R"({"accepted":1})");
  const auto rows = journalled();
  ASSERT_EQ(rows.size(), 1u);
  const Event& event = rows[0].row.event;
  EXPECT_EQ(event.id, "msg_1");
  EXPECT_EQ(event.type, "store/customer/created");
  EXPECT_EQ(event.key, "12908");
  EXPECT_TRUE(event.thin);
  EXPECT_EQ(event.data, R"({"type":"customer","id":12908})");
  EXPECT_EQ(ask(signed_request(body)).body, R"({"duplicate":true})");
}

TEST_F(ShopRoute, OtherScopesAreUnwantedAndOtherBodiesMalformed) {
  EXPECT_EQ(
      ask(signed_request(R"({"scope":"store/customer/updated","data":{"type":"customer","id":1}})")).body,
      R"({"accepted":0})");
  EXPECT_TRUE(journalled().empty());
  for (const char* body : {"{", "[]", "{}", R"({"scope":7})", R"({"scope":"store/customer/created"})",
                           R"({"scope":"store/customer/created","data":{"id":{}}})"}) {
    EXPECT_EQ(ask(signed_request(body, "msg_" + to_hex(body))).status, 200) << body;
  }
  for (const auto& row : journalled()) EXPECT_EQ(row.row.state, "rejected") << row.row.event.data;
}

}  // namespace
}  // namespace tenon::tests
