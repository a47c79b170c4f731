// A rejected record names field, line, expression and the source value's type, and never a value.
#include <gmock/gmock.h>

#include "tests/unit/trial/trial.hpp"
#include "trial/stage.hpp"

namespace tenon::trial {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCanary = "canary-4711";

class Rejection : public Trial {
 protected:
  /// Why an event is rejected whose customer is `customer`, and what was recorded of it.
  std::string reason(const std::string& mapping, const std::string& customer) {
    std::string pipeline = kPipeline;
    const auto from = pipeline.find("      external_id:");
    pipeline.replace(from, pipeline.find("  second:") - from, mapping);
    config::LoadOptions options;
    options.stand_ins = true;
    loaded_ = config::load_text("test.yaml",
                                pipeline + "  - name: it\n    given: { fetch: { customer: " + customer +
                                    " } }\n    expect: { end: rejected }\n",
                                {}, *registry_, options);
    EXPECT_TRUE(loaded_.ok()) << config::render_text(loaded_.diagnostics, false);
    if (!loaded_.ok()) return {};
    const config::Pipeline& loaded = *loaded_.config.pipelines.at(0);
    Stage stage(loaded_.config, loaded_.config.pipelines.at(0), *registry_, loaded.tests.at(0), nullptr);
    EXPECT_TRUE(stage.start());
    EXPECT_TRUE(stage.send(loaded.tests.at(0).event));
    stage.settle();
    const Seen seen = stage.see("");
    EXPECT_EQ(seen.state(), "rejected");
    std::string said = seen.reason();
    for (const auto& attempt : seen.event->attempts) said += "\n" + attempt.reason;
    for (const auto& action : seen.event->actions) said += "\n" + action.reason;
    EXPECT_THAT(said, Not(HasSubstr(kCanary)));
    return said;
  }
};

TEST_F(Rejection, OfASchemaNamesFieldLineExpressionAndTypes) {
  EXPECT_THAT(
      reason("      external_id: ${{ customer.tag }}\n      email: ${{ customer.email }}\n",
             R"({ id: 7, tag: { canary-4711: canary-4711 }, email: canary-4711 })"),
      AllOf(
          HasSubstr("external_id (test.yaml:17: `customer.tag`, customer.tag is object): expected a string"),
          HasSubstr("email (test.yaml:18: `customer.email`, customer.email is string): expected"),
          HasSubstr("found object")));
}

TEST_F(Rejection, OfAMissingFieldSaysWhatIsMissing) {
  EXPECT_THAT(
      reason("      external_id: shop_${{ customer.number }}\n      email: a@x.com\n", "{ id: canary-4711 }"),
      HasSubstr("external_id (test.yaml:17: `customer.number`, customer.number is missing): expected"));
}

TEST_F(Rejection, InAListNamesTheElement) {
  EXPECT_THAT(reason("      external_id: x\n      channels:\n        $each: ${{ customer.all }}\n        "
                     "$item: { type: email, "
                     "address: \"${{ $item.at }}\" }\n",
                     R"({ id: 7, all: [ { at: canary-4711 }, { at: 4711 } ] })"),
              AllOf(HasSubstr("channels[1].address (test.yaml:20: `$item.at`"),
                    HasSubstr("expected a string, found number")));
}

TEST_F(Rejection, ANameThatCameWithTheDataIsAValueToo) {
  EXPECT_THAT(reason("      external_id: x\n      channels: ${{ [customer.all] }}\n",
                     R"({ id: 7, all: { type: email, address: a, canary-4711: 1 } })"),
              HasSubstr("channels[0].*"));
}

/// Of an open field, and of paths that the connector says nothing of: the checker lets them pass.
TEST_F(Rejection, OfAnExpressionNamesTypesOnly) {
  const std::string customer =
      "{ id: 7, text: canary-4711, list: [canary-4711, canary-4712], map: { canary-4711: canary-4711 }, "
      "none: null }";
  for (const char* expression : {"1 + customer.text",
                                 "-customer.text",
                                 "$number(customer.text)",
                                 "$lowercase(customer.list)",
                                 "$sum([customer.text])",
                                 "customer.text < 1",
                                 "$toMillis(customer.text)",
                                 "$fromMillis(customer.text)",
                                 "$split(customer.map, ',')",
                                 "$replace(customer.text, '', 'x')",
                                 "$prefix(customer.text, 'a_', 'b_')",
                                 "$formatBase(customer.text)",
                                 "customer.text.($ + 1)",
                                 "$base64decode(customer.none)",
                                 "$join(customer.map)",
                                 "[1..customer.text]",
                                 "customer.list^(1 + $)",
                                 "$reduce(customer.list, customer.text)",
                                 "$decodeUrl('%zz' & customer.text)",
                                 "$decAdd(customer.text, 1)",
                                 "$time(customer.text)",
                                 "$time(0, customer.text)"}) {
    const std::string said = reason(
        "      external_id: x\n      meta: { open: \"${{ " + std::string(expression) + " }}\" }\n", customer);
    EXPECT_THAT(said, HasSubstr("meta.open (line 18)")) << expression;
    EXPECT_THAT(said, HasSubstr("in `" + std::string(expression).substr(0, 20))) << expression;
    EXPECT_THAT(said, AnyOf(HasSubstr(" is string"), HasSubstr(" is array"), HasSubstr(" is object"),
                            HasSubstr(" is null")))
        << expression;
  }
}

TEST_F(Rejection, OfAConditionSaysWhatItGave) {
  std::string pipeline = kPipeline;
  const std::string condition = "${{ customer.vip = true }}";
  pipeline.replace(pipeline.find(condition), condition.size(), "${{ customer.vip }}");
  const auto report =
      run("  - name: it\n    given: { fetch: { customer: { id: 7, vip: canary-4711 } } }\n    expect: { "
          "actions: { second: { "
          "end: rejected, reason: \"gives string, not true or false (test.yaml:24: `customer.vip`, "
          "customer.vip is string)\" } } }\n",
          pipeline);
  ASSERT_EQ(report.tests.size(), 1U);
  for (const Difference& difference : report.tests[0].differences) ADD_FAILURE() << difference.found;
}

}  // namespace
}  // namespace tenon::trial
