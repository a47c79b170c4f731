#include <vector>

#include "support.hpp"

namespace bigcommerce {
namespace {

class Accept : public testing::Test {
 protected:
  fake_host host{tenon_plugin_v1(), "bigcommerce", kStore};

  void expect_malformed(const std::string& body) {
    const auto got = host.accept(body);
    EXPECT_FALSE(got.ok) << body.substr(0, 200);
    EXPECT_FALSE(got.failure.empty());
    EXPECT_LT(got.failure.size(), 200u) << "no payload in words for people";
    EXPECT_TRUE(got.events.empty());
  }
  void expect_nothing(const std::string& body) {
    const auto got = host.accept(body);
    EXPECT_TRUE(got.ok) << body << got.failure;
    EXPECT_TRUE(got.events.empty()) << body;
  }
  void TearDown() override { EXPECT_EQ(host.report(), ""); }
};

TEST_F(Accept, ThinCustomerEvent) {
  const auto got = host.accept(
      R"({"scope": "store/customer/created", "store_id": "1025646", "data": {"type": "customer", "id": 32},
          "hash": "dd70", "created_at": 1561479335, "producer": "stores/abc123"})");
  ASSERT_EQ(got.events.size(), 1u) << got.failure;
  const auto& event = got.events[0];
  EXPECT_EQ(event.type, "store/customer/created");
  EXPECT_EQ(event.key, "32");
  ASSERT_EQ(event.keys.size(), 1u);
  EXPECT_EQ(event.keys[0], (std::pair<std::string, std::string>("customer", "32")));
  EXPECT_TRUE(event.thin);
  EXPECT_EQ(event.time_ms, 1561479335000);
  EXPECT_EQ(event.data, R"({"type":"customer","id":32})");
  EXPECT_EQ(event.id, "");
  EXPECT_EQ(event.version, "");
}

TEST_F(Accept, IdsMayBeTextsAndTimesMayBeMissing) {
  const auto got = host.accept(R"({"scope":"store/customer/deleted","store_id":11111,"data":{"id":"32"}})");
  ASSERT_EQ(got.events.size(), 1u) << got.failure;
  EXPECT_EQ(got.events[0].key, "32");
  EXPECT_EQ(got.events[0].time_ms, std::nullopt);
}

TEST_F(Accept, AnAddressIsOrderedByItsCustomer) {
  const auto got = host.accept(
      R"({"scope":"store/customer/address/updated","data":{"type":"customer","id":60,"address":{"customer_id":32}}})");
  ASSERT_EQ(got.events.size(), 1u) << got.failure;
  EXPECT_EQ(got.events[0].key, "32");
  ASSERT_EQ(got.events[0].keys.size(), 2u);
  EXPECT_EQ(got.events[0].keys[0].second, "32");
  EXPECT_EQ(got.events[0].keys[1], (std::pair<std::string, std::string>("address", "60")));
  EXPECT_TRUE(got.events[0].thin);
}

TEST_F(Accept, OrdersAreThin) {
  for (const char* action : {"created", "updated", "archived", "statusUpdated"}) {
    const std::string type = std::string("store/order/") + action;
    const auto got = host.accept(file("samples/store.order." + std::string(action) + ".json"));
    ASSERT_EQ(got.events.size(), 1u) << action << got.failure;
    EXPECT_EQ(got.events[0].type, type);
    EXPECT_EQ(got.events[0].key, "250");
    ASSERT_EQ(got.events[0].keys.size(), 1u);
    EXPECT_EQ(got.events[0].keys[0], (std::pair<std::string, std::string>("order", "250")));
    EXPECT_TRUE(got.events[0].thin);
    EXPECT_EQ(got.events[0].time_ms, 1561479335000);
  }
  expect_malformed(R"({"scope":"store/order/created","data":{"type":"order"}})");
  expect_malformed(R"({"scope":"store/order/created","data":[250]})");
}

TEST_F(Accept, FullEventOfTheBlueprint) {
  const auto got = host.accept(R"({"type":"bigcommerce.created","timestamp":"2026-11-24T02:20:57.5Z",
      "data":{"id":"bigcommerce_12908","status":"active","email":"a@b.c","name":"Ann","amount":69.80}})");
  ASSERT_EQ(got.events.size(), 1u) << got.failure;
  const auto& event = got.events[0];
  EXPECT_EQ(event.type, "bigcommerce.created");
  EXPECT_EQ(event.key, "bigcommerce_12908");
  EXPECT_EQ(event.keys[0].first, "record");
  EXPECT_FALSE(event.thin);
  EXPECT_EQ(event.time_ms, 1795486857500);
  EXPECT_NE(event.data.find("69.80"), std::string::npos) << "numbers as written";
}

TEST_F(Accept, TimestampsInEveryForm) {
  const auto time_of = [&](const std::string& timestamp) {
    const auto got =
        host.accept(R"({"type":"bigcommerce.created","timestamp":)" + timestamp + R"(,"data":{"id":1}})");
    EXPECT_EQ(got.events.size(), 1u) << timestamp << got.failure;
    return got.events.empty() ? std::nullopt : got.events[0].time_ms;
  };
  EXPECT_EQ(time_of("1700000000"), 1700000000000);
  EXPECT_EQ(time_of("1700000000123"), 1700000000123);
  EXPECT_EQ(time_of(R"("2023-11-14T22:13:20Z")"), 1700000000000);
  EXPECT_EQ(time_of(R"("2023-11-14T23:13:20+01:00")"), 1700000000000);
  EXPECT_EQ(time_of(R"("2023-11-14 22:13:20.1234")"), 1700000000123);
  for (const char* odd :
       {"-1", "1e9", "null", "[]", R"("soon")", R"("2023-13-14T22:13:20Z")", R"("2023-11-14T22:13:20+1")",
        "99999999999999999999999", R"("2023-11-14T22:13:20.")"})
    EXPECT_EQ(time_of(odd), std::nullopt) << odd;
}

TEST_F(Accept, OtherScopesMakeNoEvent) {
  expect_nothing(R"({"scope":"store/order/metafield/created","data":{"type":"order","id":250}})");
  expect_nothing(R"({"scope":"store/app/uninstalled","data":{"type":"store"}})");
  expect_nothing(
      R"({"scope":"store/customer/payment/instrument/default/updated","data":{"type":"customer","id":1}})");
  expect_nothing(R"({"scope":"store/customer/merged","data":{"id":1}})");
  expect_nothing(R"({"scope":"","data":{"id":1}})");
  expect_nothing(R"({"type":"bigcommerce.updated","data":{"id":1}})");
}

TEST_F(Accept, HostileBodies) {
  expect_malformed("");
  expect_malformed("null");
  expect_malformed("[]");
  expect_malformed("12");
  expect_malformed("{}");
  expect_malformed("not json");
  expect_malformed(R"({"scope": "store/customer/created"})");
  expect_malformed(R"({"scope": 7, "type": null, "data": {"id": 1}})");
  expect_malformed(R"({"scope": "store/customer/created", "data": [1]})");
  expect_malformed(R"({"scope": "store/customer/created", "data": "x"})");
  expect_malformed(R"({"scope": "store/customer/address/created", "data": {"id": 60}})");
  expect_malformed(
      R"({"scope": "store/customer/address/created", "data": {"id": 60, "address": {"customer_id": {}}}})");
  expect_malformed(
      R"({"scope": "store/customer/address/created", "data": {"address": {"customer_id": 32}}})");
  expect_malformed(R"({"type": "bigcommerce.created", "data": null})");
  expect_malformed(
      R"({"scope": "store/customer/created", "scope": "store/customer/deleted", "data": {"id": 1}})");
  expect_malformed(R"({"scope": "store/customer/created", "data": {"id": 1}} {})");
  expect_malformed(std::string(R"({"scope": "store/customer/created", "data": {"id": 1}})") + '\0');
}

TEST_F(Accept, HostileIds) {
  const std::vector<std::string> ids = {"null",
                                        "true",
                                        "[]",
                                        "{}",
                                        "-1",
                                        "1.5",
                                        "1e3",
                                        R"("")",
                                        R"("a\u0000b")",
                                        R"("a\nb")",
                                        "\"" + std::string(256, 'a') + "\"",
                                        std::string(100'000, '9'),
                                        "NaN"};
  for (const auto& id : ids) {
    expect_malformed(R"({"scope":"store/customer/created","data":{"id":)" + id + "}}");
    expect_malformed(R"({"type":"bigcommerce.created","data":{"id":)" + id + "}}");
  }
}

TEST_F(Accept, DeepAndWideBodies) {
  expect_malformed(R"({"scope":"store/customer/created","data":)" + std::string(100'000, '['));
  expect_malformed(R"({"scope":"store/customer/created","data":{"id":1,"x":)" + std::string(5000, '[') +
                   std::string(5000, ']') + "}}");
  std::string wide = R"({"scope":"store/customer/created","data":{"id":1)";
  for (int i = 0; i < 20'000; ++i) wide += ",\"k" + std::to_string(i) + "\":0";
  expect_malformed(wide + "}}");
  expect_malformed("{\"scope\":\"store/customer/created\",\"data\":{\"id\":1,\"x\":\"\xC0\xAF\"}}");
}

TEST_F(Accept, NulBytesInTextsStay) {
  const auto got = host.accept(R"({"scope":"store/customer/created","data":{"id":1,"note":"a\u0000b"}})");
  ASSERT_EQ(got.events.size(), 1u) << got.failure;
  EXPECT_NE(got.events[0].data.find("a\\u0000b"), std::string::npos);
}

TEST_F(Accept, EverySampleOfTheManifestIsItsEvent) {
  const auto manifest = tenon::json::parse(file("manifest.json"));
  const auto& events = manifest.at("connectors").at(0).at("events");
  EXPECT_EQ(events.size(), 11u);
  for (const auto& [type, declared] : events.items()) {
    const auto got = host.accept(declared.at("sample").dump());
    ASSERT_EQ(got.events.size(), 1u) << type << got.failure;
    EXPECT_EQ(got.events[0].type, type);
    std::vector<std::string> names;
    for (const auto& key : got.events[0].keys) names.push_back(key.first);
    EXPECT_EQ(names, declared.at("keys").get<std::vector<std::string>>()) << type;
    auto path = type;
    for (char& c : path) c = c == '/' ? '.' : c;
    EXPECT_EQ(tenon::json::parse(file("samples/" + path + ".json")), declared.at("sample")) << type;
  }
}

}  // namespace
}  // namespace bigcommerce
