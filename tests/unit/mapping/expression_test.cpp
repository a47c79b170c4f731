// The language beyond the reference's suite: positions, diagnostics, what is ours.
#include "mapping/jsonata/expression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluate.hpp"

namespace tenon::mapping {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ParseError error_of(std::string_view text, std::vector<std::string> variables = {}) {
  ParseOptions options;
  options.variables = std::move(variables);
  const auto parsed = Expression::parse(text, options);
  return parsed ? ParseError{"none", "", 0, 0, ""} : parsed.error();
}

EvaluationError failure_of(std::string_view text, std::string_view input = "{}") {
  const auto expression = Expression::parse(text);
  EXPECT_TRUE(expression) << text;
  Arena arena;
  Evaluation evaluation{arena};
  const auto root = parse_json(input, arena);
  const auto result = expression->evaluate(*root, Scope(), evaluation);
  return result ? EvaluationError{"none", "", 0, 0} : result.error();
}

TEST(Expression, UntouchedNumbersKeepTheirText) {
  EXPECT_EQ(evaluated("price", R"({"price": 69.80})"), "69.80");
  EXPECT_EQ(evaluated("{'p': price}", R"({"price": 69.80})"), R"({"p":69.80})");
  EXPECT_EQ(evaluated("id", R"({"id": 12345678901234567890})"), "12345678901234567890");
  EXPECT_EQ(evaluated("price + 0", R"({"price": 69.80})"), "69.8");
  EXPECT_EQ(evaluated("price = 69.8", R"({"price": 69.80})"), "true");
}

TEST(Expression, IdentifiersSurviveTheirWayIntoText) {
  EXPECT_EQ(evaluated("'bc_' & id", R"({"id": 12345678901234567890})"), R"("bc_12345678901234567890")");
  EXPECT_EQ(evaluated("$string(id)", R"({"id": 9007199254740993})"), R"("9007199254740993")");
  EXPECT_EQ(evaluated("$string(n)", R"({"n": 69.80})"), R"("69.8")");
  EXPECT_EQ(evaluated("$string(n)", R"({"n": -0})"), R"("0")");
  EXPECT_EQ(evaluated("$string(n)", R"({"n": 1e3})"), R"("1000")");
  EXPECT_EQ(evaluated("$string(0.1 + 0.2)"), R"("0.3")");
}

TEST(Expression, ErrorsPointAtTheirPlace) {
  const ParseError unary = error_of("a + * + )");
  EXPECT_EQ(unary.code, "S0211");
  EXPECT_EQ(unary.offset, 8U);
  EXPECT_EQ(error_of("a.b ]").offset, 4U);
  EXPECT_EQ(error_of("(a; b").code, "S0203");
  const EvaluationError sum = failure_of("name & (1 + order.total)", R"({"order": {"total": "7.50"}})");
  EXPECT_EQ(sum.code, "T2002");
  EXPECT_EQ(sum.offset, 10U);
  EXPECT_EQ(sum.length, 1U);
  EXPECT_THAT(sum.message, HasSubstr("found string"));
  EXPECT_THAT(sum.message, Not(HasSubstr("7.50")));
  const EvaluationError call = failure_of("a = 1 ? 2 : $sum(words)", R"({"words": ["secret"]})");
  EXPECT_EQ(call.code, "T0412");
  EXPECT_EQ(call.offset, 16U);
  EXPECT_THAT(call.message, HasSubstr("$sum"));
  EXPECT_THAT(call.message, Not(HasSubstr("secret")));
}

TEST(Expression, UnknownVariablesAreErrorsWithTheNearestName) {
  const ParseError function = error_of("$lowrcase(email)");
  EXPECT_EQ(function.code, "unknown_variable");
  EXPECT_EQ(function.did_you_mean, "$lowercase");
  EXPECT_EQ(function.offset, 0U);
  EXPECT_EQ(function.length, 9U);
  EXPECT_EQ(error_of("1 + $custmer.id", {"customer"}).did_you_mean, "$customer");
  EXPECT_EQ(error_of("($total := 1; $totl)").did_you_mean, "$total");
  EXPECT_EQ(error_of("$customer.id", {"customer"}).code, "none");
  EXPECT_EQ(error_of("$$.a & $.b").code, "none");
}

TEST(Expression, TellsWhatItReads) {
  ParseOptions options;
  options.variables = {"order", "vars"};
  const auto parsed = Expression::parse(
      "customer.name & $order.items[sku = x].price & $vars.region & $lowercase(event.type)", options);
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->free_variables(), ElementsAre("order", "vars"));
  std::vector<std::string> uses;
  for (const RootUse& use : parsed->uses()) {
    std::string text = use.variable ? "$" : "";
    for (const std::string& step : use.path) text += step + ".";
    uses.push_back(text + std::to_string(use.offset) + "+" + std::to_string(use.length));
  }
  EXPECT_THAT(uses, ElementsAre("customer.name.0+13", "$order.items.price.16+27", "$vars.region.46+12",
                                "event.type.72+10"));
}

TEST(Expression, OwnFunctions) {
  EXPECT_EQ(evaluated("$present(a, b, c)", R"({"a": null, "b": " \n", "c": 0})"), "0");
  EXPECT_EQ(evaluated("$present(a, b)", R"({"a": ""})"), "missing");
  EXPECT_EQ(evaluated("$lowercase($present(a.email))", R"({"a": {"email": "Ann@X.com"}})"), R"("ann@x.com")");
  EXPECT_EQ(evaluated("$need(id, 'no id')", R"({"id": 7})"), "7");
  EXPECT_EQ(evaluated("$need(id, 'no id')"), "!need");
  EXPECT_EQ(failure_of("$need(id, 'no id')").message, "no id");
  EXPECT_EQ(evaluated("$need(id)", R"({"id": " "})"), "!need");
  EXPECT_EQ(evaluated("$prefix(id, 'bigcommerce_', 'gorgias_')", R"({"id": "bigcommerce_12"})"),
            R"("gorgias_12")");
  EXPECT_EQ(evaluated("$prefix(id, 'bigcommerce_', 'gorgias_')", R"({"id": "shopify_12"})"), "!prefix");
  EXPECT_EQ(evaluated("$prefix(id, 'a', 'b')"), "missing");
  EXPECT_EQ(evaluated("$prefix(id, 'a', 'b')", R"({"id": 5})"), "!T0410");
}

TEST(Expression, SameTimeAndSeedSameResult) {
  EXPECT_EQ(evaluated("$millis()"), "1700000000123");
  EXPECT_EQ(evaluated("$now()"), R"("2023-11-14T22:13:20.123Z")");
  EXPECT_EQ(evaluated("$now('[D01].[M01].[Y0001] [H01]:[m01] [Z]', '-0330')"),
            R"("14.11.2023 18:43 -03:30")");
  const std::string random = evaluated("[$random(), $random()]");
  EXPECT_EQ(random, evaluated("[$random(), $random()]"));
  Given other;
  other.seed = 2;
  EXPECT_NE(random, evaluated("[$random(), $random()]", other));
  EXPECT_EQ(evaluated("$sort($shuffle([1..9]))"), "[1,2,3,4,5,6,7,8,9]");
}

TEST(Expression, RegexesAreLinearOrRefusedWithAWord) {
  EXPECT_EQ(evaluated(R"($replace('John Smith', /(\w+)\s(\w+)/, '$2, $1'))"), R"("Smith, John")");
  EXPECT_EQ(evaluated(R"($match('a.b', /\./).index)"), "1");
  EXPECT_THAT(error_of("$match(a, /(?=x)/)").message, HasSubstr("look-around"));
  EXPECT_THAT(error_of("$match(a, /(?<!x)y/)").message, HasSubstr("look-around"));
  EXPECT_THAT(error_of(R"($match(a, /(x)\1/))").message, HasSubstr("back-references"));
  EXPECT_EQ(error_of("$match(a, /(x/").code, "S0302");
  EXPECT_EQ(error_of("$match(a, /(x{1000}){1000}/)").code, "regex");
  EXPECT_EQ(evaluated(R"($contains('été', /^.t.$/))"), "true");
  EXPECT_EQ(evaluated("$contains('a\nb', /a.b/)"), "false");
  EXPECT_EQ(evaluated(R"($contains(']', /[\]]/))"), "true");
  EXPECT_EQ(evaluated(R"($replace('ab12', /[a-z]+/, ''))"), R"("12")");
  EXPECT_EQ(evaluated(R"($replace('12ab', /[a-z]*/, ''))"), "!D1004");
}

TEST(Expression, Unicode) {
  EXPECT_EQ(evaluated(R"($uppercase('straße ŵ ﬁ'))"), R"("STRASSE Ŵ FI")");
  EXPECT_EQ(evaluated(R"($lowercase('ÀÉÎ ΟΔΟΣ Ω'))"), R"("àéî οδος ω")");
  EXPECT_EQ(evaluated(R"($length('a😀b'))"), "3");
  EXPECT_EQ(evaluated(R"($substring('a😀bc', 1, 2))"), R"("😀b")");
  EXPECT_EQ(evaluated(R"('\uD83D\uDE00')"), R"("😀")");
  EXPECT_EQ(evaluated(R"('\uD83D')"), "\"\uFFFD\"");
  EXPECT_EQ(evaluated(R"({'\uD83D': ['\uDE00']})"), "{\"\uFFFD\":[\"\uFFFD\"]}");
  EXPECT_EQ(evaluated(R"('\uFFFD' < '\uD83D\uDE00')"), "false");  // JavaScript orders by UTF-16 units
  EXPECT_EQ(evaluated(R"($sort(['\uFFFD', 'a', '\uD83D\uDE00', 'é']))"), "[\"a\",\"é\",\"😀\",\"\uFFFD\"]");
}

TEST(Expression, Defaults) {
  EXPECT_EQ(evaluated("a ?? 'x'"), R"("x")");
  EXPECT_EQ(evaluated("a ?? 'x'", R"({"a": null})"), "null");
  EXPECT_EQ(evaluated("a ?: 'x'", R"({"a": ""})"), R"("x")");
  EXPECT_EQ(evaluated("a ?? b ?? c ?? 'x'", R"({"c": 3})"), "3");
}

TEST(Embedded, ItsOwnParserFindsTheEnd) {
  const auto end_of = [](std::string_view text) -> std::string {
    const auto parsed = Expression::parse_embedded(text, 3);
    if (!parsed) return "!" + parsed.error().code + "@" + std::to_string(parsed.error().offset);
    return std::string(parsed->expression.text()) + "|" + std::string(text.substr(parsed->end));
  };
  EXPECT_EQ(end_of("${{ a }}rest"), " a |rest");
  EXPECT_EQ(end_of("${{'}}'}}x"), "'}}'|x");
  EXPECT_EQ(end_of("${{ {'a':{'b':1}} }}x"), " {'a':{'b':1}} |x");
  EXPECT_EQ(end_of("${{{'a':{'b':1}}}}x"), "{'a':{'b':1}}|x");
  EXPECT_EQ(end_of("${{ a /* }} */ }}x"), " a /* }} */ |x");
  EXPECT_EQ(end_of(R"(${{ $match(a, /\}\}/) }}x)"), R"( $match(a, /\}\}/) |x)");
  EXPECT_EQ(end_of("${{ a"), "!unclosed@0");
  EXPECT_EQ(end_of("${{ a & 'x"), "!unclosed@8");
  EXPECT_EQ(end_of("${{ (a"), "!unclosed@6");
  EXPECT_EQ(end_of("${{ a } }}"), "!S0201@6");
  EXPECT_EQ(end_of("${{ }}"), "!S0211@4");
  EXPECT_EQ(end_of("${{"), "!unclosed@0");
  EXPECT_EQ(end_of("${{ a b }}"), "!S0201@6");
}

TEST(Embedded, PositionsCountFromTheWholeText) {
  const auto parsed = Expression::parse_embedded("id: ${{ 1 + 'a' }}", 7);
  ASSERT_TRUE(parsed);
  Arena arena;
  Evaluation evaluation{arena};
  const auto result = parsed->expression.evaluate(Value(), Scope(), evaluation);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().offset, 10U);
}

TEST(Expression, EvalIsRefusedUnlessAllowed) {
  Given setup;
  setup.options.allow_eval = false;
  EXPECT_EQ(evaluated("$eval('1')", setup), "!not_allowed");
  EXPECT_EQ(evaluated("$map(['1'], $eval)", setup), "!not_allowed");
  EXPECT_EQ(evaluated("($eval := function($x){$x & '!'}; $eval('1'))", setup), R"("1!")");
  EXPECT_EQ(Expression::parse("$eval('1')").error().code, "not_allowed");
  EXPECT_EQ(evaluated("$eval('1 + 1')"), "2");
}

// Each was found by the differential run (tests/differential).
TEST(Expression, AnswersAsTheReferenceInRareCases) {
  // What the first function of a chain gives is a value by itself, also from a call in tail position.
  EXPECT_EQ(evaluated("(function($i){$map(items, $string)} ~> function($v)<s-:s>{$type($v) & 'none'})(1)",
                      R"({"items": []})"),
            R"("none")");
  EXPECT_EQ(evaluated("$sort([1, 2, 3], function($a, $b){{}})"), "[3,2,1]");
  // A path that begins with `[…][0]`: what comes out is taken for a list, a text for its characters.
  EXPECT_EQ(evaluated("[{'a': 1, 'b': 2}][0].a"), "missing");
  EXPECT_EQ(evaluated("[5][0].a"), "missing");
  EXPECT_EQ(evaluated("['ab'][0].($ & '!')"), R"(["a!","b!"])");
  EXPECT_EQ(evaluated("$replace('a', 'b', function($m){'x'})"), R"("a")");
  EXPECT_EQ(evaluated("$replace('ab', 'b', function($m){'x'})"), "!D3012");
  EXPECT_EQ(evaluated("$parseInteger('third', '0') + 1"), "!T2001");
  EXPECT_EQ(evaluated("$type($parseInteger('12', 'w'))"), R"("number")");
  EXPECT_EQ(evaluated("$substring('12', missing, 1)"), R"("")");
  EXPECT_EQ(evaluated("$formatNumber(17, '0e')"), "!D3093");
  EXPECT_EQ(evaluated("$boolean(a#$i.b[0]{'k': 1})", R"({"a": [1]})"), "false");
  EXPECT_EQ(evaluated("a ~> |$|{'b': $}|", R"({"a": {"x": 1}})"), R"({"x":1,"b":{"x":1}})");
  EXPECT_EQ(evaluated("a.b[] ~> |$|{}|", R"({"a": {"b": {"c": 1}}})"), R"([{"c":1}])");
  EXPECT_EQ(evaluated("[a~e]"), "!S0204");
  EXPECT_EQ(evaluated("\"\\u00e"), "!S0101");
}

TEST(Expression, ResultsOfEvalOutliveTheEvaluation) {
  EXPECT_EQ(evaluated("$eval('{\"a\": [1, \"b\"]}')"), R"({"a":[1,"b"]})");
  EXPECT_EQ(evaluated("$eval('$f := function($x){$x & \"!\"}; 1')"), "!D3120");
  EXPECT_EQ(evaluated("$map(['a'], $eval('function($x){$x & \"!\"}'))"), R"("a!")");
}

TEST(Expression, ManyThreadsMayEvaluateOne) {
  const auto expression = Expression::parse("$replace($lowercase(name), /[^a-z]+/, '-')");
  ASSERT_TRUE(expression);
  const Expression copy = *expression;
  for (const Expression* each : {&*expression, &copy}) {
    Arena arena;
    Evaluation evaluation{arena};
    const auto root = parse_json(R"({"name": "Ann Lee"})", arena);
    EXPECT_EQ(to_json(*each->evaluate(*root, Scope(), evaluation)), R"("ann-lee")");
  }
}

TEST(Expression, ListsThatGrowOneByOne) {
  // append() shares room behind the list it made last; another list of the same start must not see it.
  EXPECT_EQ(
      evaluated("($a := $append([1], 2); $b := $append($a, 3); $c := $append($a, 4); [[$a], [$b], [$c]])"),
      "[[1,2],[1,2,3],[1,2,4]]");
  EXPECT_EQ(evaluated("$count($reduce([1..5000], $append))"), "5000");
}

TEST(Expression, TransformsLeaveTheInputAlone) {
  const std::string_view input = R"({"a": {"n": 1, "b": {"n": 2}}, "c": [{"n": 3}]})";
  EXPECT_EQ(evaluated("[$ ~> |**[$exists(n)]|{'n': n + 10}|, a.n]", input),
            R"([{"a":{"n":11,"b":{"n":12}},"c":[{"n":13}]},1])");
  EXPECT_EQ(evaluated("$ ~> |a|{}, ['n']|", input), R"({"a":{"b":{"n":2}},"c":[{"n":3}]})");
}

}  // namespace
}  // namespace tenon::mapping
