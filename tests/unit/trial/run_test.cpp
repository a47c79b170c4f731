// Both forms of a test: what holds passes, and each kind of expectation fails when it does not hold.
#include <gmock/gmock.h>

#include "tests/unit/trial/trial.hpp"

namespace tenon::trial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* kAnn = "given: { fetch: { customer: { id: 7, email: \"A@X.com\", first_name: Ann } } }";

std::string first_form(const std::string& expect, const std::string& given = kAnn) {
  return "  - name: it\n    " + given + "\n    expect: " + expect + "\n";
}

TEST_F(Trial, ARecordThatIsAsExpectedPasses) {
  EXPECT_THAT(differences(first_form(
                  "{ record: { external_id: bigcommerce_7, email: a@x.com, name: Ann, note: eu } }")),
              IsEmpty());
  EXPECT_THAT(differences(first_form(
                  "{ contains: { name: Ann }, absent: [phone, \"channels[0].type\"], end: delivered }")),
              IsEmpty());
}

TEST_F(Trial, EachPartOfARecordThatDiffersIsToldWithItsPlace) {
  const auto report = run(
      "  - name: it\n    given: { fetch: { customer: { id: 7, email: a@x.com } } }\n    expect:\n      "
      "record:\n"
      "        external_id: bigcommerce_8\n        email: a@x.com\n        phone: \"1\"\n        note: eu\n");
  ASSERT_EQ(report.tests.size(), 1U);
  const auto& found = report.tests[0].differences;
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].path, "record.external_id");
  EXPECT_EQ(found[0].expected, "\"bigcommerce_8\"");
  EXPECT_EQ(found[0].found, "\"bigcommerce_7\"");
  EXPECT_EQ(found[0].position.line, 31);
  EXPECT_EQ(found[1].path, "record.phone");
  EXPECT_EQ(found[1].found, "nothing");
  EXPECT_EQ(found[1].position.line, 33);
  EXPECT_EQ(found[2].path, "record.name");
  EXPECT_EQ(found[2].expected, "nothing");
  EXPECT_EQ(found[2].found, "\"nobody\"");
}

TEST_F(Trial, WhatDoesNotHoldFails) {
  EXPECT_THAT(differences(first_form("{ contains: { name: Bob } }")),
              ElementsAre("record.name: \"Bob\" | \"Ann\""));
  EXPECT_THAT(differences(first_form("{ absent: [name] }")), ElementsAre("record.name: nothing | \"Ann\""));
  EXPECT_THAT(differences(first_form("{ end: skipped }")), ElementsAre("end: skipped | delivered"));
  EXPECT_THAT(differences(first_form("{ reason: gone }")),
              ElementsAre("reason: a text with \"gone\" | nothing"));
  EXPECT_THAT(differences(first_form("{ http: 401 }")), ElementsAre("http: 401 | 200"));
  EXPECT_THAT(differences(first_form("{ attempts: 3 }")), ElementsAre("attempts: 3 | 0"));
  EXPECT_THAT(differences(first_form("{ requests: { \"POST /api/customers\": 2 } }")),
              ElementsAre(HasSubstr("requests.\"POST /api/customers\": 2 | 1 (in all: GET /api/customers")));
}

TEST_F(Trial, EndsOfActionsAreToldByName) {
  const std::string given = "given: { fetch: { customer: { id: 7, email: a@x.com, vip: true } } }";
  EXPECT_THAT(differences(first_form("{ actions: { main: { end: delivered }, second: { end: skipped } } }")),
              IsEmpty());
  EXPECT_THAT(differences(first_form("{ actions: { second: { end: delivered, record: { id: x } } } }")),
              UnorderedElementsAre(HasSubstr("actions.second.end: delivered | skipped"),
                                   HasSubstr("actions.second.record: {\"id\":\"x\"} | no record: skipped")));
  // The desk has no base_url, so records have no place.
  EXPECT_THAT(differences(first_form("{ actions: { second: { record: { id: gorgias_7 } } } }", given)),
              IsEmpty());
}

TEST_F(Trial, AFetchIsAnsweredByTheTestElseByTheConnectorsSample) {
  EXPECT_THAT(differences(first_form("{ contains: { email: ann@example.com } }",
                                     "given: { keys: { customer: 99 } }")),
              IsEmpty());
  EXPECT_THAT(differences(first_form("{ contains: { external_id: bigcommerce_99 } }",
                                     "given: { keys: { customer: 99 } }")),
              IsEmpty());
  EXPECT_THAT(
      differences(first_form("{ end: skipped, reason: gone }", "given: { fetch: { customer: gone } }")),
      IsEmpty());
}

TEST_F(Trial, KeysAndDataAreWhatTheEventHas) {
  EXPECT_THAT(
      differences(first_form("{ end: skipped, reason: trigger.when }", "given: { keys: { customer: 13 } }")),
      IsEmpty());
  EXPECT_THAT(differences(first_form("{ end: skipped }", "given: { data: { type: customer, id: 13 } }")),
              IsEmpty());
  EXPECT_THAT(differences(first_form("{ end: skipped }", "given: { keys: { address: 13 } }")),
              ElementsAre(HasSubstr("error: keys.address: events of type")));
}

TEST_F(Trial, VarsAndTheClockAreTheTests) {
  EXPECT_THAT(differences(first_form("{ contains: { note: us } }", "given: { vars: { region: us } }")),
              IsEmpty());
  std::string pipeline = kPipeline;
  pipeline.replace(pipeline.find("${{ $vars.region }}"), 19, "${{ $now() }}");
  const auto report = run(first_form("{ contains: { note: \"2026-03-29T00:30:00.000Z\" } }",
                                     "given: { now: \"2026-03-29T01:30:00+01:00\" }"),
                          pipeline);
  ASSERT_EQ(report.tests.size(), 1U);
  EXPECT_TRUE(report.tests[0].ok()) << report.tests[0].differences.at(0).found;
}

TEST_F(Trial, ATimelineTurnsTheClockAndPlaysTheNetwork) {
  const char* const kTimeline = R"(  - name: it
    steps:
      - send: { as: a, sample: store/customer/updated, keys: { customer: 250 } }
      - remote: { connection: desk, on: "POST /api/customers", answer: [ { status: 503, headers: { Retry-After: "7" } }, { status: 201, body: { id: 4 } } ] }
      - run: until_idle
      - expect: { event: a, state: waiting, next_in: 7s..9s, requests: { "POST /api/customers": 1 } }
      - send: { as: b, same_as: a }
      - expect: { event: b, http: 200, end: duplicate }
      - advance: ADVANCE
      - expect: { event: a, end: delivered, requests: { "POST /**": 2 } }
)";
  std::string text = kTimeline;
  EXPECT_THAT(differences(text.replace(text.find("ADVANCE"), 7, "10s")), IsEmpty());
  text = kTimeline;
  EXPECT_THAT(differences(text.replace(text.find("ADVANCE"), 7, "2s")),
              UnorderedElementsAre(HasSubstr("end: delivered | retrying"),
                                   HasSubstr("requests.\"POST /**\": 2 | 1")));
}

TEST_F(Trial, ARuleThatIsSetAfterASendHoldsForIt) {
  EXPECT_THAT(differences(R"(  - name: it
    steps:
      - send: { as: a }
      - send: { as: b, keys: { customer: 8 } }
      - remote: { connection: desk, on: "GET /api/customers", answer: { status: 503 } }
      - expect: { event: a, state: waiting, attempts: 0 }
      - run: until_idle
      - expect: { event: a, state: retrying }
      - expect: { event: b, state: retrying }
)"),
              IsEmpty());
}

TEST_F(Trial, TheSourcesNetworkIsPlayedWhereARuleSpeaksOfIt) {
  EXPECT_THAT(differences(R"(  - name: it
    steps:
      - send: { as: a, keys: { customer: 9 } }
      - remote: { connection: store, on: "GET /stores/*/v3/customers", answer: [ { error: connection_lost }, { body: { data: [ { id: 9, email: n@x.com, first_name: N } ] } } ] }
      - run: until_idle
      - expect: { state: retrying }
      - advance: 1h
      - expect: { end: delivered, contains: { name: N }, requests: { "GET /stores/*/v3/customers": 2..3 } }
)"),
              IsEmpty());
}

TEST_F(Trial, ARequestThatNothingAnswersIsNamed) {
  std::string pipeline = kPipeline;
  pipeline.replace(pipeline.find("domain: \"${DOMAIN}\""), 19, "base_url: \"https://desk.example/odd\"");
  const auto report = run(first_form("{ end: delivered }"), pipeline);
  ASSERT_EQ(report.tests.size(), 1U);
  EXPECT_FALSE(report.tests[0].ok());
  EXPECT_THAT(report.tests[0].unanswered, ElementsAre("GET /odd/api/customers"));
}

TEST_F(Trial, CoverageNamesWhatNoTestReached) {
  const auto report = run(first_form("{ end: delivered }"));
  std::vector<std::string> missed;
  for (const CoveredPart& part : report.coverage) {
    if (!part.reached) missed.push_back(std::to_string(part.line) + " " + part.field + " " + part.what);
  }
  EXPECT_THAT(missed,
              ElementsAre("19 actions.main.mapping.name else `'nobody'`", "25 actions.second.mapping.id "));
  EXPECT_EQ(percent(report.coverage), 77);
  const auto whole =
      run(first_form("{ end: delivered }") +
          "  - name: other\n    given: { fetch: { customer: { id: 1, vip: true } } }\n    expect: { "
          "contains: { name: nobody } }\n");
  EXPECT_EQ(percent(whole.coverage), 100);
}

TEST_F(Trial, ReportsForProgramsAreWellFormed) {
  const auto reports = std::vector{run(first_form("{ contains: { name: \"<&\\\"\" } }"))};
  EXPECT_THAT(render_junit(reports), HasSubstr("failures=\"1\""));
  EXPECT_THAT(render_junit(reports),
              HasSubstr("expected &quot;&lt;&amp;\\&quot;&quot;, found &quot;Ann&quot;"));
  const std::string json = render_json(reports);
  EXPECT_THAT(json, HasSubstr(R"("passed":0,"failed":1)"));
  EXPECT_THAT(json, HasSubstr(R"("path":"record.name","expected":"\"<&\\\"\"","found":"\"Ann\"")"));
}

TEST_F(Trial, SamplesRunThroughEveryPipelineThatWantsThem) {
  run("  []\n");
  const auto samples = run_samples(loaded_.config, *registry_, "");
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].type, "store/customer/created");
  EXPECT_EQ(samples[0].end, "delivered");
  EXPECT_THAT(samples[0].records.at("main"), HasSubstr("bigcommerce_12908"));
  std::string broken = kPipeline;
  broken.replace(broken.find("$lowercase(customer.email)"), 26, "$need(customer.none, 'no')");
  run("  []\n", broken);
  const auto failed = run_samples(loaded_.config, *registry_, "updated");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].end, "rejected");
  EXPECT_FALSE(failed[0].ok());
}

TEST_F(Trial, EveryEventAndFetchOfAShippedConnectorHasASample) {
  for (const std::string& name : registry_->connectors()) {
    const plugin::ConnectorManifest& manifest = *registry_->find(name);
    for (const auto& event : manifest.events) EXPECT_FALSE(event.sample.empty()) << name << " " << event.name;
    for (const auto& fetch : manifest.fetches)
      EXPECT_FALSE(fetch.sample.empty()) << name << " " << fetch.name;
    if (!manifest.operations.empty()) {
      EXPECT_FALSE(manifest.answers.empty()) << name;
    }
  }
}

}  // namespace
}  // namespace tenon::trial
