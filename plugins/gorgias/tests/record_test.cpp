#include "support.hpp"

namespace gorgias {
namespace {

class Record : public testing::Test {
 protected:
  fake_host host{tenon_plugin_v1(), "gorgias", R"({"base_url": "https://api.gorgias.com/v1"})"};
  const std::string all = "https://api.gorgias.com/v1/records";
  const std::string record = R"({"id":"gorgias_12908","email":"a@b.c","amount":69.80})";
  void TearDown() override { EXPECT_EQ(host.report(), ""); }
};

TEST_F(Record, FoundById) {
  host.answer("GET", all + "?id=gorgias_12908",
              reply(200, R"({"data":[{"id":"gorgias_1"},{"id":"gorgias_12908"}]})"));
  const auto got = host.find("upsert_record", record);
  ASSERT_EQ(got.matches.size(), 1u) << got.message;
  EXPECT_EQ(got.matches[0].id, "gorgias_12908");
}

TEST_F(Record, NotFound) {
  host.answer("GET", all + "?id=gorgias_12908", reply(200, R"({"data":[]})"));
  const auto got = host.find("upsert_record", record);
  EXPECT_EQ(got.summary(), "found");
  EXPECT_TRUE(got.matches.empty());
}

TEST_F(Record, CreatedAsTheMappingWroteIt) {
  host.answer("POST", all, reply(201, R"({"id":"gorgias_12908"})"));
  const auto got = host.create("upsert_record", record, "create-1");
  EXPECT_EQ(got.summary(), "delivered");
  EXPECT_EQ(got.id, "gorgias_12908");
  EXPECT_EQ(host.requests().back().body, record) << "numbers as written";
  EXPECT_EQ(host.requests().back().header("idempotency-key"), "create-1");
  EXPECT_EQ(host.requests().back().header("content-type"), "application/json");
}

TEST_F(Record, UpdatedInPlace) {
  host.answer("PUT", all + "/gorgias_12908", reply(200, ""));
  EXPECT_EQ(host.update("upsert_record", "gorgias_12908", record).id, "gorgias_12908");
  host.answer("PUT", all + "/gorgias_12908", reply(404, ""));
  EXPECT_EQ(host.update("upsert_record", "gorgias_12908", record).summary(), "retry/stale");
}

TEST_F(Record, AConflictIsFoundAgain) {
  host.answer("POST", all, reply(409, R"({"error":{"msg":"exists"}})"));
  EXPECT_EQ(host.create("upsert_record", record, "create-1").summary(), "retry/conflict");
}

TEST_F(Record, PostedOnce) {
  const auto post = [&](reply answer) {
    host.answer("POST", all, std::move(answer));
    return host.deliver("post_record", record, "call-1");
  };
  EXPECT_EQ(post(reply(201, R"({"id":"gorgias_12908"})")).summary(), "delivered");
  EXPECT_EQ(post(reply(201, "")).summary(), "delivered") << "the key guards a repetition, so no id is needed";
  EXPECT_EQ(post(reply(200, "{}", {{"Idempotent-Replayed", "true"}})).summary(), "delivered");
  EXPECT_EQ(host.requests().back().header("Idempotency-Key"), "call-1");
  EXPECT_EQ(post(reply(409, "")).summary(), "rejected/conflict");
  EXPECT_EQ(post(reply(422, "")).summary(), "rejected/invalid");
  EXPECT_EQ(post(reply(404, "")).summary(), "rejected/invalid");
  EXPECT_EQ(post(reply(503, "", {{"Retry-After", "7"}})).retry_after_ms, 7000);
  EXPECT_EQ(post(reply::timeout()).summary(), "retry/ambiguous");
}

TEST_F(Record, HostileRecordsAndAnswers) {
  for (const char* text : {"", "7", "{}", R"({"id":7})", R"({"id":null})"})
    EXPECT_EQ(host.find("upsert_record", text).summary(), "rejected/plugin") << text;
  for (const char* body : {"", "{}", R"({"data":{}})"}) {
    host.answer("GET", all + "?id=gorgias_12908", reply(200, body));
    EXPECT_EQ(host.find("upsert_record", record).summary(), "retry/ambiguous") << body;
  }
  // A create id can hold nothing that splits a header.
  EXPECT_EQ(host.create("upsert_record", record, "a\r\nX: y").summary(), "rejected/plugin");
  EXPECT_EQ(host.deliver("post_record", record, std::string("a\0b", 3)).summary(), "rejected/plugin");
}

TEST(Records, NeedABaseUrl) {
  fake_host host(tenon_plugin_v1(), "gorgias", R"({"domain": "acme"})");
  const auto got = host.deliver("post_record", "{}", "c");
  EXPECT_EQ(got.summary(), "rejected/plugin");
  EXPECT_NE(got.message.find("base_url"), std::string::npos);
  EXPECT_EQ(host.report(), "");
}

}  // namespace
}  // namespace gorgias
