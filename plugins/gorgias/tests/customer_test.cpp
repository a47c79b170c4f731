#include "support.hpp"

namespace gorgias {
namespace {

class Customer : public testing::Test {
 protected:
  fake_host host{tenon_plugin_v1(), "gorgias", R"({"domain": "acme", "email": "bot@acme.test"})"};
  const std::string all = "https://acme.gorgias.com/api/customers";
  const std::string by_id = all + "?external_id=bigcommerce_7&limit=100";
  const std::string by_email = all + "?email=ann@example.com&limit=100";
  const std::string record = R"({"external_id":"bigcommerce_7","email":"Ann@Example.com","name":"Ann Lee"})";

  json sent() const { return json::parse(host.requests().back().body); }
  json update(const char* row, const char* what) {
    host.answer("PUT", all + "/5", reply(202, ""));
    const auto got = host.update("upsert_customer", "5", what, tenon::match("5", row));
    EXPECT_EQ(got.summary(), "delivered") << got.message;
    return sent();
  }
  void TearDown() override { EXPECT_EQ(host.report(), ""); }
};

TEST_F(Customer, FoundByExternalId) {
  host.answer("GET", by_id,
              reply(200, R"({"data":[{"id":5,"external_id":"bigcommerce_7","email":"x@y.z"}],"meta":{}})"));
  const auto got = host.find("upsert_customer", record);
  ASSERT_EQ(got.matches.size(), 1u) << got.message;
  EXPECT_EQ(got.matches[0].id, "5");
  EXPECT_EQ(json::parse(got.matches[0].text)["email"], "x@y.z");
}

TEST_F(Customer, FoundByEmailInAnySpelling) {
  host.answer("GET", by_id, reply(200, R"({"data":[]})"));
  host.answer("GET", by_email,
              reply(200, R"({"data":[{"id":6,"external_id":null,"email":"ANN@example.com"}]})"));
  const auto got = host.find("upsert_customer", record);
  ASSERT_EQ(got.matches.size(), 1u) << got.message;
  EXPECT_EQ(got.matches[0].id, "6");
}

TEST_F(Customer, AnIgnoredFilterFindsNobody) {
  const char* others =
      R"({"data":[{"id":1,"external_id":"bigcommerce_70","email":"bob@example.com"},{"id":2}, null]})";
  host.answer("GET", by_id, reply(200, others));
  host.answer("GET", by_email, reply(200, others));
  const auto got = host.find("upsert_customer", record);
  EXPECT_EQ(got.summary(), "found");
  EXPECT_TRUE(got.matches.empty());
}

TEST_F(Customer, WithoutEmailOnlyTheIdIsAsked) {
  host.answer("GET", by_id, reply(200, R"({"data":[]})"));
  EXPECT_TRUE(host.find("upsert_customer", R"({"external_id":"bigcommerce_7"})").matches.empty());
}

TEST_F(Customer, QueriesAreEncodedOnce) {
  host.answer("GET", all + "?external_id=a%26b%3D%2B%25%20%C3%A9&limit=100", reply(200, R"({"data":[]})"));
  host.find("upsert_customer", R"({"external_id":"a&b=+% é"})");
}

TEST_F(Customer, CreatedWithChannels) {
  host.answer("POST", all, reply(201, R"({"id":5,"email":"ann@example.com"})"));
  const auto got =
      host.create("upsert_customer",
                  R"({"external_id":"bigcommerce_7","email":"ann@example.com","name":"Ann","phone":"+331",
                                   "channels":[{"type":"email","address":"ANN@example.com"},{"type":"sms","address":"+332"}]})",
                  "c-1");
  EXPECT_EQ(got.summary(), "delivered");
  EXPECT_EQ(got.id, "5");
  EXPECT_EQ(sent(),
            json::parse(R"({"external_id":"bigcommerce_7","email":"ann@example.com","name":"Ann","channels":[
      {"type":"email","address":"ANN@example.com","preferred":true},{"type":"sms","address":"+332"},
      {"type":"phone","address":"+331","preferred":true}]})"));
}

TEST_F(Customer, CreatedWithoutEmailStillSendsChannels) {
  host.answer("POST", all, reply(201, R"({"id":5})"));
  host.create("upsert_customer", R"({"external_id":"bigcommerce_7"})", "c-1");
  EXPECT_EQ(sent()["channels"], json::array());
}

TEST_F(Customer, OutcomesOfCreate) {
  const auto create = [&](reply answer) {
    host.answer("POST", all, std::move(answer));
    return host.create("upsert_customer", record, "c-1");
  };
  EXPECT_EQ(create(reply(409, R"({"error":{"msg":"The resource already exists."}})")).summary(),
            "retry/conflict");
  const auto refused = create(reply(
      400, R"({"error":{"msg":"Failed to create customer","data":{"email":["'Ann@Example.com' is bad"]}}})"));
  EXPECT_EQ(refused.summary(), "rejected/invalid");
  EXPECT_NE(refused.message.find("Failed to create customer: email"), std::string::npos) << refused.message;
  EXPECT_EQ(refused.message.find("Example.com"), std::string::npos) << "names of fields, never values";
  EXPECT_EQ(create(reply(401, R"({"error":{"msg":"Unauthorized."}})")).summary(), "retry/auth");
  EXPECT_EQ(create(reply(404, "<html>no such domain</html>")).summary(), "rejected/invalid");
  EXPECT_EQ(create(reply(429, "", {{"Retry-after", "3"}})).retry_after_ms, 3000);
  EXPECT_EQ(create(reply(502, "")).summary(), "retry/remote_error");
  EXPECT_EQ(create(reply(503, "")).summary(), "retry/remote_error");
  EXPECT_EQ(create(reply::timeout()).summary(), "retry/ambiguous");
  EXPECT_EQ(create(reply::refused_connection()).summary(), "retry/not_sent");
  for (const char* body : {"", "<html>", "{}", R"({"id":null})", R"([{"id":5}])"})
    EXPECT_EQ(create(reply(201, body)).summary(), "retry/ambiguous") << body;
}

TEST_F(Customer, UpdateKeepsEveryChannel) {
  const auto body = update(R"({"id":5,"external_id":null,"email":"old@example.com","channels":[
      {"id":1,"type":"email","address":"old@example.com","preferred":true,"created_datetime":"x"},
      {"id":2,"type":"facebook","address":"fb-1","preferred":false}]})",
                           R"({"external_id":"bigcommerce_7","email":"ann@example.com","name":"Ann"})");
  EXPECT_EQ(body,
            json::parse(R"({"external_id":"bigcommerce_7","email":"ann@example.com","name":"Ann","channels":[
      {"type":"email","address":"old@example.com","preferred":false},
      {"type":"facebook","address":"fb-1","preferred":false},
      {"type":"email","address":"ann@example.com","preferred":true}]})"));
}

TEST_F(Customer, UpdateSendsNoChannelsThatAreAlike) {
  const auto body =
      update(R"({"id":5,"channels":[{"type":"email","address":"ANN@example.com","preferred":true}]})",
             R"({"external_id":"bigcommerce_7","email":"ann@example.com"})");
  EXPECT_FALSE(body.contains("channels"));
}

TEST_F(Customer, UpdateReadsChannelsThatTheListLeftOut) {
  host.answer("GET", all + "/5",
              reply(200, R"({"id":5,"channels":[{"type":"phone","address":"+1","preferred":true}]})"));
  const auto body = update(R"({"id":5,"email":"ann@example.com"})", record.c_str());
  EXPECT_EQ(body["channels"].size(), 2u);
}

TEST_F(Customer, UpdateByKnownIdReadsFirst) {
  host.answer("GET", all + "/5", reply(200, R"({"id":5,"external_id":"bigcommerce_7","channels":[]})"));
  host.answer("PUT", all + "/5", reply(202, ""));
  EXPECT_EQ(host.update("upsert_customer", "5", record).summary(), "delivered");
}

TEST_F(Customer, AForeignExternalIdStays) {
  const auto body = update(R"({"id":5,"external_id":"shopify:9","channels":[]})", record.c_str());
  EXPECT_FALSE(body.contains("external_id"));
}

TEST_F(Customer, AnIdThatIsGoneIsStale) {
  host.answer("GET", all + "/5", reply(404, R"({"error":{"msg":"Resource not found."}})"));
  EXPECT_EQ(host.update("upsert_customer", "5", record).summary(), "retry/stale");
  host.answer("PUT", all + "/5", reply(404, R"({"error":{"msg":"Resource not found."}})"));
  EXPECT_EQ(host.update("upsert_customer", "5", record, tenon::match("5", R"({"channels":[]})")).summary(),
            "retry/stale");
}

TEST_F(Customer, HostileAnswers) {
  for (const char* body : {"", "null", "[]", "{}", R"({"data":7})", "<html>", R"({"data":[)"}) {
    host.answer("GET", by_id, reply(200, body));
    EXPECT_EQ(host.find("upsert_customer", record).summary(), "retry/ambiguous") << body;
  }
  host.answer("GET", by_id,
              reply(200, R"({"data":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}"));
  EXPECT_EQ(host.find("upsert_customer", record).summary(), "retry/ambiguous");
  // Channels of every wrong type are left alone, never a crash.
  for (const char* channels : {"null", "7", R"("x")", "{}", R"([null,7,"x",[],{"type":{},"address":[]}])"}) {
    const auto row = std::string(R"({"id":5,"channels":)") + channels + "}";
    EXPECT_EQ(update(row.c_str(), record.c_str())["channels"].size(), 1u) << channels;
  }
  for (const char* body :
       {R"({"error":7})", R"({"error":{"msg":{}}})", R"({"error":{"msg":"m","data":[1]}})", "[]", "7"}) {
    host.answer("POST", all, reply(400, body));
    EXPECT_EQ(host.create("upsert_customer", record, "c").summary(), "rejected/invalid") << body;
  }
}

TEST_F(Customer, HostileIdsStayInOneSegment) {
  host.answer("GET", all + "/..%2F..%2Fadmin%3Fx", reply(404, ""));
  EXPECT_EQ(host.update("upsert_customer", "../../admin?x", record).summary(), "retry/stale");
  for (const char* id : {"", ".", ".."})
    EXPECT_EQ(host.update("upsert_customer", id, record).summary(), "rejected/plugin") << id;
}

TEST_F(Customer, ABrokenRecordIsNoCrash) {
  for (const char* text : {"", "7", "[]", "{", "null"})
    EXPECT_EQ(host.create("upsert_customer", text, "c").summary(), "rejected/plugin") << text;
}

TEST_F(Customer, CancelledBetweenTwoRequests) {
  host.answer("GET", by_id, reply(200, R"({"data":[]})"));
  const auto call = host.begin_find("upsert_customer", record);
  host.answer("GET", by_email, reply(200, R"({"data":[]})"));
  host.turn();
  host.cancel(call);
  EXPECT_EQ(host.finish(call).summary(), "cancelled");
}

TEST(Connection, NeedsAnAddress) {
  fake_host none(tenon_plugin_v1(), "gorgias", "{}");
  EXPECT_FALSE(none.made());
  EXPECT_NE(none.failure().find("domain"), std::string::npos);
  fake_host broken(tenon_plugin_v1(), "gorgias", "nonsense");
  EXPECT_FALSE(broken.made());
  EXPECT_EQ(none.report() + broken.report(), "");
}

TEST(Connection, BaseUrlStandsForTheDomain) {
  fake_host host(tenon_plugin_v1(), "gorgias", R"({"domain":"acme","base_url":"http://127.0.0.1:9/"})");
  host.answer("GET", "http://127.0.0.1:9/api/customers?external_id=1&limit=100",
              reply(200, R"({"data":[]})"));
  EXPECT_EQ(host.find("upsert_customer", R"({"external_id":"1"})").summary(), "found");
  EXPECT_EQ(host.report(), "");
}

TEST(Connection, IsASinkOnly) {
  fake_host host(tenon_plugin_v1(), "gorgias", R"({"domain":"acme"})");
  EXPECT_EQ(host.source(), nullptr);
  ASSERT_NE(host.sink(), nullptr);
  EXPECT_EQ(host.find("no_such", "{}").summary(), "rejected/plugin");
  EXPECT_EQ(host.deliver("upsert_customer", "{}", "c").summary(), "rejected/plugin") << "not of that shape";
  EXPECT_EQ(host.find("post_record", "{}").summary(), "rejected/plugin");
  EXPECT_EQ(host.report(), "");
}

}  // namespace
}  // namespace gorgias
