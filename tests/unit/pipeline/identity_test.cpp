// Many lanes that meet in one customer of the sink, in many interleavings.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

constexpr int kLanes = 50;
constexpr int kEvents = 500;

runtime::VirtualOptions shuffled(std::uint64_t seed) {
  runtime::VirtualOptions options;
  options.seed = seed;
  options.shuffle = true;
  return options;
}

class OneIdentity : public VirtualHost {
 protected:
  explicit OneIdentity(std::uint64_t seed = 1) : VirtualHost(shuffled(seed)) {}

  static std::string with(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  }
  /// In lanes by the end of the event's id; what reads that does not fold.
  static std::string in_lanes(const std::string& text) {
    return text + "delivery: { order_by: \"${{ $substringAfter(event.id, '-') }}\" }\n";
  }

  /// Each event follows a change of the customer; what was written is told by the number in the name.
  void run(const std::vector<std::string>& connections) {
    // Answers of different length, so that neighbours overtake each other where nobody holds them.
    runtime_.network().on_request([this](const runtime::HttpRequest& request) {
      auto answer = remotes_.answer(request);
      answer.delay = std::chrono::milliseconds(10 + 37 * (++requests_ % 11));
      return answer;
    });
    for (int i = 1; i <= kEvents; ++i) {
      remotes_.shop["32"] = {"ann@example.com", "v" + std::to_string(i), "Lee",
                             "2024-05-14T10:" + two(i / 60) + ":" + two(i % 60) + "Z"};
      const std::string id = "msg_" + std::to_string(i) + "-" + std::to_string(i * 7 % kLanes);
      ASSERT_EQ(send(id, "32", "store/customer/updated",
                     connections[static_cast<std::size_t>(i) % connections.size()]),
                200);
      if (i % 5 == 0) runtime_.advance(std::chrono::milliseconds(100));
    }
    runtime_.advance(std::chrono::hours(2));
  }

  static std::string two(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

  static int version_in(const std::string& body) {
    const auto at = body.find("\"v");
    return at == std::string::npos ? 0 : std::atoi(body.c_str() + at + 2);
  }
  /// Writes that went back behind an earlier one.
  int order_violations() const {
    int violations = 0;
    int last = 0;
    for (const auto& [id, body] : remotes_.puts) {
      violations += version_in(body) <= last ? 1 : 0;
      last = std::max(last, version_in(body));
    }
    return violations;
  }
  std::map<std::string, std::uint64_t> ends() {
    std::map<std::string, std::uint64_t> counts;
    journal::Query query;
    query.limit = 1000;
    journal_->list(query, {&runtime_.delivery(), [&](Result<journal::Listed> listed) {
                             for (const auto& row : listed->rows) ++counts[row.state];
                           }});
    runtime_.run_until_idle();
    return counts;
  }

  int requests_ = 0;
};

class OneIdentityOf : public OneIdentity, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  OneIdentityOf() : OneIdentity(GetParam()) {}
};

TEST_P(OneIdentityOf, FiftyLanesMakeOneCustomerAndTheLastVersionWins) {
  start(in_lanes(kPipeline));
  run({"store"});
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
  EXPECT_EQ(remotes_.desk.size(), 1U);
  EXPECT_EQ(order_violations(), 0);
  EXPECT_EQ(version_in(remotes_.puts.back().second), kEvents);
  const auto counts = ends();
  EXPECT_EQ(counts.count("rejected") + counts.count("exhausted") + counts.count("waiting"), 0U);
  RecordProperty("writes", static_cast<int>(remotes_.puts.size()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, OneIdentityOf, ::testing::Range<std::uint64_t>(1, 6));

// The control: the same desk under two names is two accounts to the host, and nobody holds them apart.
TEST_F(OneIdentity, WithoutACommonAccountTheOrderIsLost) {
  const std::string other =
      with(with(with(with(with(kPipeline, "name: customers", "name: other"), "  store:", "  store2:"),
                     "  desk:", "  desk2:"),
                "connection: store", "connection: store2"),
           "connection: desk", "connection: desk2");
  start_all({in_lanes(kPipeline), in_lanes(with(other, "domain: acme", "domain: another"))});
  run({"store", "store2"});
  EXPECT_GT(order_violations(), 0);
}

}  // namespace
}  // namespace tenon::pipeline
