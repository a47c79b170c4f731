#include <gtest/gtest.h>
#include <tenon/testing.hpp>

extern "C" const tenon_plugin* tenon_plugin_v1();

namespace {

using tenon::testing::fake_host;
using tenon::testing::reply;

const char* kRecord = R"({"external_id":"shop_7","name":"Ann"})";

TEST(UpsertContact, FindsCreatesAndUpdates) {
  fake_host host(tenon_plugin_v1(), "crm", R"({"base_url":"https://crm.test"})");
  host.answer("GET", "https://crm.test/contacts?external_id=shop_7", reply(200, R"({"data":[{"id":5}]})"));
  EXPECT_EQ(host.find("upsert_contact", kRecord).matches.at(0).id, "5");
  host.answer("POST", "https://crm.test/contacts", reply(201, R"({"id":6})"));
  EXPECT_EQ(host.create("upsert_contact", kRecord, "create-1").id, "6");
  host.answer("PUT", "https://crm.test/contacts/6", reply(404));
  EXPECT_EQ(host.update("upsert_contact", "6", kRecord).summary(), "retry/stale");
  EXPECT_EQ(host.report(), "");
}

}  // namespace
