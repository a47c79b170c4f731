// Trying expressions and asking where fields come from.
#include <gmock/gmock.h>

#include "base/json.hpp"
#include "tests/unit/trial/trial.hpp"
#include "trial/completion.hpp"
#include "trial/explain.hpp"

namespace tenon::trial {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string evaluated(Bench& bench, const std::string& text) {
  const auto expression = mapping::Expression::parse(text, bench.options());
  if (!expression) return expression.error().code;
  const auto value = bench.evaluate(*expression);
  return value ? to_json(*value) : value.error().code;
}

class OnTheBench : public Trial {
 protected:
  Bench& open(const BenchInput& input, const std::string& pipeline = kPipeline) {
    config::LoadOptions options;
    options.stand_ins = true;
    loaded_ = config::load_text("test.yaml", pipeline + "  []\n", {}, *registry_, options);
    EXPECT_TRUE(loaded_.ok()) << config::render_text(loaded_.diagnostics, false);
    auto made = Bench::of_pipeline(loaded_.config, loaded_.config.pipelines.at(0), *registry_, input);
    EXPECT_TRUE(made) << made.error().text();
    bench_ = std::move(*made);
    return *bench_;
  }

  const ExplainedField& field(const std::vector<ExplainedField>& fields, const std::string& name) {
    for (const ExplainedField& one : fields) {
      if (one.field == name) return one;
    }
    ADD_FAILURE() << "no field " << name;
    return fields.front();
  }

  std::unique_ptr<Bench> bench_;
};

TEST_F(OnTheBench, ADocumentIsTheInput) {
  auto bench = Bench::of_document(R"({"a":{"b":[1,2]},"x y":3})");
  ASSERT_TRUE(bench);
  EXPECT_EQ(evaluated(**bench, "a.b[1]"), "2");
  EXPECT_EQ(evaluated(**bench, "$a.b[0]"), "1");
  EXPECT_EQ(evaluated(**bench, "$none"), "unknown_variable");
  (*bench)->bind("kept", parse_json(R"({"z":[9]})")->root);
  EXPECT_EQ(evaluated(**bench, "$kept.z"), "[9]");
  EXPECT_FALSE(Bench::of_document("{"));
  auto list = Bench::of_document("[{\"a\":1}]");
  ASSERT_TRUE(list);
  EXPECT_EQ(evaluated(**list, "a"), "1");
}

TEST_F(OnTheBench, AResultOutlivesItsExpression) {
  auto bench = Bench::of_document("{}");
  ASSERT_TRUE(bench);
  const auto value = [&] {
    const auto expression =
        mapping::Expression::parse(R"({"a name of some length": "and a text of its own"})");
    return *(*bench)->evaluate(*expression);
  }();
  for (int i = 0; i < 100; ++i) evaluated(**bench, R"({"zzzzzzzzzzzzzzzzzzzzz": "zzzzzzzzzzzzzzzzzzzzz"})");
  EXPECT_EQ(to_json(value), R"({"a name of some length":"and a text of its own"})");
}

TEST_F(OnTheBench, APipelinesScopeIsWhatItsExpressionsSee) {
  Bench& bench = open({});
  EXPECT_EQ(evaluated(bench, "event.keys.customer"), "\"12908\"");
  EXPECT_EQ(evaluated(bench, "customer.first_name"), "\"Ann\"");
  EXPECT_EQ(evaluated(bench, "$vars.region"), "\"eu\"");
  EXPECT_EQ(evaluated(bench, "$connection.store_hash"), "\"standin\"");
  EXPECT_EQ(evaluated(bench, "$exists($connections.desk.api_key)"), "false");
  const std::string body =
      R"({"scope":"store/customer/updated","store_id":"1","data":{"type":"customer","id":44},"hash":"h","created_at":1561481571,"producer":"stores/x"})";
  EXPECT_EQ(evaluated(open({body, "", {}}), "customer.id"), "44");
  EXPECT_EQ(
      evaluated(
          open({R"({"type":"store/customer/updated","keys":{"customer":"5"},"data":{"id":5}})", "", {}}),
          "event.data.id & event.key"),
      "\"55\"");
  EXPECT_EQ(evaluated(open({"", "", {{"customer", R"({"id":1,"email":"x"})"}}}), "customer.email"), "\"x\"");
  EXPECT_FALSE(
      Bench::of_pipeline(loaded_.config, loaded_.config.pipelines.at(0), *registry_, {"{\"a\":1}", "", {}}));
}

TEST_F(OnTheBench, CompletionKnowsTheDocumentTheSchemaAndTheLanguage) {
  Bench& bench = open({"", "", {{"customer", R"({"id":1,"email":"x","x y":1,"addresses":[{"city":"P"}]})"}}});
  EXPECT_THAT(complete(bench, "cust").words, ElementsAre("customer"));
  EXPECT_EQ(complete(bench, "1 + cust").from, 4U);
  EXPECT_THAT(complete(bench, "customer.em").words, ElementsAre("email"));
  EXPECT_EQ(complete(bench, "customer.em").from, 9U);
  EXPECT_THAT(complete(bench, "customer.x").words, ElementsAre("`x y`"));
  EXPECT_THAT(complete(bench, "customer.first").words, ElementsAre("first_name")) << "of the schema";
  EXPECT_THAT(complete(bench, "customer.addresses[0].").words, Contains("city"));
  EXPECT_THAT(complete(bench, "customer.addresses.co").words,
              ElementsAre("company", "country", "country_code"));
  EXPECT_THAT(complete(bench, "$customer.emai").words, ElementsAre("email"));
  EXPECT_THAT(complete(bench, "$lowercase(customer.i").words, ElementsAre("id"));
  EXPECT_THAT(complete(bench, "$lowe").words, ElementsAre("$lowercase("));
  EXPECT_THAT(complete(bench, "$va").words, ElementsAre("$vars"));
  EXPECT_THAT(complete(bench, "event.data.").words, Contains("origin_channel_id")) << "of the event's schema";
  for (const char* odd :
       {"", ".", "..", "`", "a`.", "]", "[].", "$", "$.", "customer.`x y`.", "\xc3", "nothing.at.all."})
    complete(bench, odd);
  EXPECT_THAT(complete(bench, "nothing.at.all.").words, IsEmpty());
}

TEST_F(OnTheBench, EachFieldIsExplained) {
  Bench& bench = open({"", "", {{"customer", R"({"id":7,"first_name":null})"}}});
  const Explanation explanation = explain(bench, loaded_.config, *registry_);
  ASSERT_EQ(explanation.trigger.size(), 1U);
  EXPECT_EQ(explanation.trigger[0].value, "true");
  ASSERT_EQ(explanation.actions.size(), 2U);
  const auto& fields = explanation.actions[0].fields;
  EXPECT_TRUE(explanation.actions[0].record);
  const ExplainedField& id = field(fields, "external_id");
  EXPECT_EQ(id.line, 17);
  EXPECT_EQ(id.value, "\"bigcommerce_7\"");
  ASSERT_EQ(id.reads.size(), 1U);
  EXPECT_EQ(id.reads[0].path, "customer.id");
  EXPECT_EQ(id.reads[0].value, "7");
  const ExplainedField& email = field(fields, "email");
  EXPECT_EQ(email.value, "");
  EXPECT_EQ(email.why, "customer has no `email`");
  EXPECT_EQ(field(fields, "name").value, "\"nobody\"");
  EXPECT_EQ(explanation.actions[1].outcome, "skipped: the condition is false");
  EXPECT_THAT(render_json(explanation), HasSubstr(R"("why":"customer has no `email`")"));
}

TEST_F(OnTheBench, ListsAreExplainedByElement) {
  std::string pipeline = kPipeline;
  const std::string note = "note: ${{ $vars.region }}";
  pipeline.replace(pipeline.find(note), note.size(),
                   "meta:\n        places: { $each: \"${{ customer.addresses }}\", $item: { city: \"in ${{ "
                   "$item.city }}\", plain: yes } }");
  Bench& bench = open({"", "", {{"customer", R"({"id":7,"addresses":[{"city":"P"},{"zip":1}]})"}}}, pipeline);
  const Explanation explanation = explain(bench, loaded_.config, *registry_);
  const auto& fields = explanation.actions[0].fields;
  EXPECT_EQ(field(fields, "meta.places[0].city").value, "\"in P\"");
  EXPECT_EQ(field(fields, "meta.places[1].city").value, "");
  EXPECT_THAT(field(fields, "meta.places[1].city").why, HasSubstr("$item has no `city`"));
  EXPECT_EQ(field(fields, "meta.places[1].plain").expression, "");
}

TEST_F(OnTheBench, WhatFailsSaysWhy) {
  std::string pipeline = kPipeline;
  const std::string note = "note: ${{ $vars.region }}";
  pipeline.replace(pipeline.find(note), note.size(), "note: ${{ $string(1 + customer.extra) }}");
  Bench& bench = open({"", "", {{"customer", R"({"id":7,"extra":"canary@x.com"})"}}}, pipeline);
  const Explanation explanation = explain(bench, loaded_.config, *registry_);
  EXPECT_FALSE(explanation.actions[0].record);
  EXPECT_THAT(explanation.actions[0].outcome, HasSubstr("rejected: note (line 20): T2002"));
  EXPECT_THAT(explanation.actions[0].outcome, HasSubstr("customer.extra is string"));
  EXPECT_THAT(explanation.actions[0].outcome, Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace tenon::trial
