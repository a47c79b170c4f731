// Two pipelines that meet in one object of the sink: its identities hold them apart, and no longer than must
// be.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Meeting : public VirtualHost {
 protected:
  static std::string with(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  }
  static std::string of_created() { return with(kPipeline, ", store/customer/updated", ""); }
  static std::string of_updated() {
    return with(with(kPipeline, "store/customer/created, ", ""), "name: customers", "name: other");
  }
};

TEST_F(Meeting, OneCustomerIsMadeOnce) {
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.desk_delay = milliseconds(400);
  start_all({of_created(), of_updated()});
  send("a", "7", "store/customer/created");
  send("b", "7", "store/customer/updated");
  runtime_.advance(seconds(30));
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1) << "the second one finds what the first one made";
  for (const char* pipeline : {"1", "2"}) EXPECT_EQ(state(pipeline), "delivered");
}

TEST_F(Meeting, TwoSpellingsOfOneAddressAreOneIdentity) {
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.shop["8"] = {"Ann@Example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  int at_once = 0, most = 0;
  remotes_.desk_delay = milliseconds(400);
  runtime_.network().on_request([&](const runtime::HttpRequest& request) {
    if (request.method == "POST") {
      most = std::max(most, ++at_once);
      runtime_.delivery().after(milliseconds(400), [&] { --at_once; });
    }
    return remotes_.answer(request);
  });
  start(with(kPipeline, "$lowercase(customer.email)", "customer.email"));
  send("a", "7");
  send("b", "8");
  runtime_.advance(seconds(30));
  EXPECT_EQ(most, 1) << "they may be one object";
}

// The first action's customer is free while the second action's is being written.
TEST_F(Meeting, ALockIsNotHeldAcrossActions) {
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  const std::string two = R"(
actions:
  first: { connection: desk, operation: upsert_customer, mapping: { external_id: "bigcommerce_${{ customer.id }}", email: "${{ customer.email }}" } }
  second: { connection: desk, operation: upsert_customer, needs: [first], mapping: { external_id: "twin_${{ customer.id }}", email: "twin@example.com" } }
)";
  const std::string created = of_created();
  const std::string both = created.substr(0, created.find("\nmapping:")) + two;
  runtime_.network().on_request([this](const runtime::HttpRequest& request) {
    auto answer = remotes_.answer(request);
    if (request.body.find("twin_7") != std::string::npos) answer.delay = seconds(50);
    return answer;
  });
  start_all({both, of_updated()});
  send("a", "7", "store/customer/created");
  runtime_.advance(seconds(5));
  ASSERT_EQ(state("1"), "waiting") << "its second action is on its way";
  remotes_.shop["7"].first = "Anna";
  remotes_.shop["7"].modified = "2024-05-15T09:34:00Z";
  send("b", "7", "store/customer/updated");
  runtime_.advance(seconds(5));
  EXPECT_EQ(state("2"), "delivered");
  EXPECT_EQ(state("1"), "waiting");
  runtime_.advance(minutes(5));
  EXPECT_EQ(state("1"), "delivered");
}

}  // namespace
}  // namespace tenon::pipeline
