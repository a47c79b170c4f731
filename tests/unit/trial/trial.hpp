// Pipelines with tests in them, run with the real plugins.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/loader.hpp"
#include "observe/log.hpp"
#include "trial/report.hpp"
#include "trial/run.hpp"

namespace tenon::trial {

class Trial : public ::testing::Test {
 protected:
  static constexpr const char* kPipeline = R"(tenon: 1
name: customers
connections:
  store: { connector: bigcommerce, store_hash: "${HASH}", access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  desk: { connector: gorgias, domain: "${DOMAIN}", email: "${EMAIL}", api_key: "${KEY}" }
vars: { region: "${REGION:-eu}" }
trigger:
  connection: store
  events: [store/customer/created, store/customer/updated]
  when: "${{ event.data.id != 13 }}"
  fetch: { customer: { id: "${{ event.keys.customer }}" } }
actions:
  main:
    connection: desk
    operation: upsert_customer
    mapping:
      external_id: bigcommerce_${{ customer.id }}
      email: ${{ $lowercase(customer.email) }}
      name: "${{ customer.first_name ? customer.first_name : 'nobody' }}"
      note: ${{ $vars.region }}
  second:
    connection: desk
    operation: upsert_record
    when: ${{ customer.vip = true }}
    mapping: { id: "gorgias_${{ customer.id }}" }
tests:
)";

  void SetUp() override {
    log::set_level(log::Level::off);
    auto registry = plugin::open_registry(std::string(TENON_BINARY_DIR) + "/lib/tenon");
    ASSERT_TRUE(registry) << registry.error().text();
    registry_ = std::move(*registry);
  }
  void TearDown() override { log::set_level(log::Level::info); }

  /// The pipeline with `tests` (indented by two) behind it.
  PipelineReport run(const std::string& tests, const std::string& pipeline = kPipeline) {
    config::LoadOptions options;
    options.stand_ins = true;
    loaded_ = config::load_text("test.yaml", pipeline + tests, {}, *registry_, options);
    EXPECT_TRUE(loaded_.ok()) << config::render_text(loaded_.diagnostics, false);
    if (!loaded_.ok()) return {};
    auto reports = run_tests(loaded_.config, *registry_, "");
    EXPECT_EQ(reports.size(), 1U);
    return std::move(reports.front());
  }

  /// The one test's differences as "path: expected | found"; errors too.
  std::vector<std::string> differences(const std::string& test) {
    std::vector<std::string> out;
    for (const TestReport& report : run(test).tests) {
      if (!report.error.empty()) out.push_back("error: " + report.error);
      for (const Difference& d : report.differences)
        out.push_back(d.path + ": " + d.expected + " | " + d.found);
    }
    return out;
  }

  std::unique_ptr<plugin::Registry> registry_;
  config::Loaded loaded_;
};

}  // namespace tenon::trial
