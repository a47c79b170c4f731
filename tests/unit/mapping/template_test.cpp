#include "mapping/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tenon::mapping {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ParseOptions known() {
  ParseOptions options;
  options.variables = {"customer", "order", "item", "index", "vars"};
  return options;
}

Template text(std::string_view source, SourcePosition position = {}) {
  auto parsed = Template::scalar(source, position, known());
  EXPECT_TRUE(parsed) << source << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : Template();
}

/// The rendered value as JSON, `missing`, or `!CODE field`.
std::string rendered(const Template& tree, std::string_view input, std::string_view vars = "{}") {
  Arena arena;
  const Value root = *parse_json(input, arena);
  Roots roots;
  for (const Member& member : root.members()) roots.add(member.name, member.value);
  Scope scope;
  scope.bind("vars", *parse_json(vars, arena));
  Evaluation evaluation{arena};
  const RenderResult value = tree.render(roots, scope, evaluation);
  if (!value) return "!" + value.error().error.code + " " + value.error().field;
  return value->is_missing() ? "missing" : to_json(*value);
}

constexpr std::string_view kCustomer =
    R"({"customer": {"id": 12908, "email": null, "name": "Ann", "tags": ["a", "b"],
  "price": 69.80, "vip": true}})";

TEST(Template, WholeExpressionsKeepTheirType) {
  EXPECT_EQ(rendered(text("${{ customer.id }}"), kCustomer), "12908");
  EXPECT_EQ(rendered(text("  ${{ customer.vip }}\n"), kCustomer), "true");
  EXPECT_EQ(rendered(text("${{ customer.tags }}"), kCustomer), R"(["a","b"])");
  EXPECT_EQ(rendered(text("${{ customer.price }}"), kCustomer), "69.80");
  EXPECT_EQ(rendered(text("${{ customer.email }}"), kCustomer), "null");
  EXPECT_EQ(rendered(text("${{ customer.missing }}"), kCustomer), "missing");
}

TEST(Template, MixedTextIsTextOrMissing) {
  EXPECT_EQ(rendered(text("bigcommerce_${{ customer.id }}"), kCustomer), R"("bigcommerce_12908")");
  EXPECT_EQ(rendered(text("bc_${{ customer.missing }}"), kCustomer), "missing");
  EXPECT_EQ(rendered(text("bc_${{ customer.email }}"), kCustomer), "missing");
  EXPECT_EQ(rendered(text("${{ customer.id }}${{ customer.name }}"), kCustomer), R"("12908Ann")");
  EXPECT_EQ(rendered(text("${{ customer.id }} ${{ customer.missing }}"), kCustomer), "missing");
  EXPECT_EQ(rendered(text("t: ${{ customer.tags }}, ${{ customer.price }}, ${{ customer.vip }}"), kCustomer),
            R"("t: [\"a\",\"b\"], 69.8, true")");
  EXPECT_EQ(rendered(text("n${{ 1e308 * 10 }}"), kCustomer), "!D3001 ");
}

TEST(Template, LiteralsStay) {
  EXPECT_EQ(rendered(text("plain } }} text"), kCustomer), R"("plain } }} text")");
  EXPECT_EQ(rendered(text(""), kCustomer), R"("")");
  EXPECT_EQ(rendered(text("$${{ customer.id }}"), kCustomer), R"("${{ customer.id }}")");
  EXPECT_EQ(rendered(text("$${HOME} ${{ customer.id }}"), kCustomer), R"("${HOME} 12908")");
  EXPECT_EQ(rendered(text("cost $5 {x} ${y}"), kCustomer), R"("cost $5 {x} ${y}")");
  Arena arena;
  EXPECT_EQ(rendered(Template::literal(*parse_json("17.50", arena)), kCustomer), "17.50");
  EXPECT_EQ(rendered(Template(), kCustomer), "missing");
}

TEST(Template, ProblemsSayWhereInTheScalar) {
  const auto unclosed = Template::scalar("id ${{ customer.id", {}, known());
  ASSERT_FALSE(unclosed);
  EXPECT_EQ(unclosed.error().code, "unclosed");
  EXPECT_EQ(unclosed.error().offset, 3U);
  const auto unknown = Template::scalar("a ${{ 1 }} ${{ $custmer.id }}", {}, known());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().offset, 15U);
  EXPECT_EQ(unknown.error().did_you_mean, "$customer");
}

TEST(Template, ObjectsLeaveMissingValuesOut) {
  const Template tree =
      Template::object({{"external_id", text("bigcommerce_${{ customer.id }}")},
                        {"email", text("${{ customer.mail }}")},
                        {"name", text("${{ $trim(customer.first & ' ' & customer.name) }}")},
                        {"data", Template::object({{"vip", text("${{ customer.vip }}")}})}});
  EXPECT_EQ(rendered(tree, kCustomer),
            R"({"external_id":"bigcommerce_12908","name":"Ann","data":{"vip":true}})");
}

TEST(Template, RootsAreVariablesToo) {
  EXPECT_EQ(rendered(text("${{ customer.tags.($ & $customer.id) }}"), kCustomer), R"(["a12908","b12908"])");
  EXPECT_EQ(rendered(text("${{ $vars.region }}"), kCustomer, R"({"region": "eu"})"), R"("eu")");
}

TEST(Template, EachAlwaysGivesAList) {
  const Template tree =
      Template::each(text("${{ order.lines }}"), Template::object({{"sku", text("${{ $item.sku }}")},
                                                                   {"at", text("${{ $index }}")},
                                                                   {"order", text("${{ order.id }}")}}));
  EXPECT_EQ(rendered(tree, R"({"order": {"id": 7, "lines": [{"sku": "a"}, {"sku": "b"}]}})"),
            R"([{"sku":"a","at":0,"order":7},{"sku":"b","at":1,"order":7}])");
  EXPECT_EQ(rendered(tree, R"({"order": {"id": 7, "lines": {"sku": "a"}}})"),
            R"([{"sku":"a","at":0,"order":7}])");
  EXPECT_EQ(rendered(tree, R"({"order": {"id": 7}})"), "[]");
  EXPECT_EQ(rendered(tree, R"({"order": {"id": 7, "lines": null}})"), "[]");
  const Template nested = Template::each(text("${{ order.a }}"),
                                         Template::each(text("${{ $item }}"), text("${{ $item & $index }}")));
  EXPECT_EQ(rendered(nested, R"({"order": {"a": [["x", "y"], ["z"]]}})"), R"([["x0","y1"],["z0"]])");
}

TEST(Template, ListsLeaveMissingElementsOut) {
  EXPECT_EQ(rendered(Template::list({text("${{ customer.id }}"), text("${{ customer.no }}"), text("x")}),
                     kCustomer),
            R"([12908,"x"])");
}

TEST(Template, ErrorsNameFieldPlaceAndTypeButNoValue) {
  const Template tree = Template::object(
      {{"lines", Template::each(text("${{ order.lines }}"),
                                Template::object({{"total", text("t ${{ $item.price * 2 }}", {31, 24})}}))}});
  Arena arena;
  Roots roots;
  roots.add("order", *parse_json(R"({"lines": [{"price": 1}, {"price": "hush"}]})", arena));
  Evaluation evaluation{arena};
  const RenderResult value = tree.render(roots, Scope(), evaluation);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().field, "lines[1].total");
  EXPECT_EQ(value.error().position.line, 31U);
  EXPECT_EQ(value.error().error.code, "T2001");
  EXPECT_EQ(value.error().error.offset, 18U);
  EXPECT_THAT(value.error().text(), HasSubstr("found string"));
  EXPECT_THAT(value.error().text(), Not(HasSubstr("hush")));
}

TEST(Template, TellsItsExpressions) {
  const Template tree = Template::object({{"a", text("x${{ customer.id }}", {3, 5})},
                                          {"b", Template::list({text("${{ order.id }}")})},
                                          {"c", text("y")}});
  std::vector<std::string> fields;
  for (const Template::Use& use : tree.expressions()) fields.push_back(use.field);
  EXPECT_THAT(fields, ElementsAre("a", "b[]"));
  EXPECT_FALSE(tree.is_constant());
  EXPECT_TRUE(text("y").is_constant());
}

TEST(Template, ATemplateIsBoundedAsAWhole) {
  const Template endless =
      Template::each(text("${{ [1..20000] }}"),
                     Template::each(text("${{ [1..20000] }}"), Template::literal(Value::boolean(true))));
  EXPECT_THAT(rendered(endless, "{}"), AnyOf(HasSubstr("!D1012"), HasSubstr("!output_limit")));
  std::vector<std::pair<std::string, Template>> fields;
  for (int i = 0; i < 20; ++i)
    fields.emplace_back("f" + std::to_string(i), text("${{ $pad('', 1000000, 'x') }}"));
  EXPECT_EQ(rendered(Template::object(std::move(fields)), "{}"), "!output_limit f4");
}

TEST(Template, AFunctionIsNoValue) { EXPECT_EQ(rendered(text("${{ $sum }}"), "{}"), "!function "); }

}  // namespace
}  // namespace tenon::mapping
