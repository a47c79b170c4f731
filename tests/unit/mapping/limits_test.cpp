// No expression and no input may hang, overflow the stack or exhaust memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluate.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping {
namespace {

using ::testing::AnyOf;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(ParseLimits, DeepNestingIsRefused) {
  constexpr std::size_t kMany = 60'000;
  for (const std::string_view open : {"(", "[", "{\"a\":", "-", "a[", "$f(", "function($x){", "a?b:", "a??",
                                      "a?:", "|a|", "$x:=", "a.(", "a^(", "/*", "'", "`"}) {
    for (const std::string_view tail : {"", "a", ")", "}}"}) {
      const std::string text = repeated(open, kMany / open.size()) + std::string(tail);
      EXPECT_FALSE(Expression::parse(text)) << open;
      EXPECT_FALSE(Expression::parse_embedded("${{" + text, 3)) << open;
    }
  }
  EXPECT_EQ(evaluated(repeated("(", 20'000)), "!too_deep");
}

TEST(ParseLimits, LongChainsAreRefusedNotOverflowed) {
  for (const std::string_view link : {"1+", "a.", "'a'&", "a~>", "a and ", "a=", "a in ", "%."}) {
    EXPECT_EQ(evaluated(repeated(link, 10'000) + "a"), "!too_deep") << link;
  }
  for (const std::string_view suffix : {"[0]", "[]", ".a", "{}", "@$a", "#$i", "()", "^(a)"}) {
    EXPECT_FALSE(Expression::parse("a" + repeated(suffix, 10'000)).has_value() && suffix != "[]") << suffix;
  }
  EXPECT_EQ(evaluated("[" + repeated("%,", 30'000) + "1]"), "!too_deep");
}

TEST(ParseLimits, LongTextsAreRefused) {
  EXPECT_EQ(evaluated("[" + repeated("1,", 100'000) + "1]"), "!too_long");
  EXPECT_EQ(evaluated(repeated(" ", 100'000) + "1"), "!too_long");
  EXPECT_EQ(evaluated("'" + repeated("x", 60'000) + "' = 1"), "false");
}

TEST(ParseLimits, AnyBytesAreAnErrorOrAnExpression) {
  const std::string seed =
      "a.b[c > 1]{`x`: $sum(d)} & 'e\\u00e9' ~> $map(function($v)<s:n>{|$v|{}|}) ^ (>f) .. /g/i ?: %";
  std::uint64_t state = 7;
  const auto next = [&state](std::size_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state >> 33) % below);
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (std::size_t edits = 1 + next(6); edits > 0; --edits) {
      const std::size_t at = next(text.size());
      switch (next(3)) {
        case 0:
          text[at] = static_cast<char>(next(256));
          break;
        case 1:
          text.erase(at, 1 + next(10));
          break;
        default:
          text.insert(at, seed, next(seed.size()), next(8));
      }
      if (text.empty()) text = "a";
    }
    (void)evaluated(text, R"({"a": {"b": [{"c": 2, "d": [1], "f": "x"}, {"c": 3}]}})");
    (void)Expression::parse_embedded(text, 0);
  }
}

TEST(EvaluationLimits, EndlessProgramsEnd) {
  EXPECT_EQ(evaluated("($f := function($x){$f($x + 1)}; $f(0))"), "!D1012");
  EXPECT_EQ(evaluated("($f := function($x){1 + $f($x + 1)}; $f(0))"), "!D1011");
  EXPECT_EQ(evaluated("($f := function($x){$map([1, 2], $f)}; $f(0))"), "!D1011");
  EXPECT_EQ(evaluated("($f := function($x){$eval('$f(1)')}; $f(0))"), "!D1011");
  EXPECT_THAT(evaluated("($f := function($x){[$x, $x] ~> $f}; $f(0))"),
              AnyOf("!D1012", "!D1011", "!memory_limit"));
  EXPECT_EQ(evaluated("$map([1..1000], function($x){$map([1..1000], function($y){$x * $y})})"), "!D1012");
  EXPECT_THAT(evaluated("($f := function($g){$g($g)}; $f($f))"), AnyOf("!D1012", "!D1011"));
  EXPECT_THAT(
      evaluated("($f := $string ~> $length; $g := function($n){$n = 0 ? $f : $g($n - 1) ~> $f}; $g(5000))"),
      AnyOf("!D1011", "!D1012"));
}

TEST(EvaluationLimits, ChainsOfFunctionsDoNotOverflow) {
  EXPECT_THAT(evaluated("($g := function($n, $f){$n = 0 ? $f : $g($n - 1, $f ~> $uppercase)}; $h := $g(5000, "
                        "$uppercase); $h('x'))"),
              AnyOf("!D1011", "!D1012"));
}

TEST(EvaluationLimits, HugeListsAreRefused) {
  EXPECT_EQ(evaluated("[0..1e9]"), "!D2014");
  EXPECT_EQ(evaluated("[0..9999999]"), "!D1012");
  EXPECT_EQ(evaluated("$sum([1..1000])"), "500500");
  EXPECT_EQ(evaluated("$pad('', 1e15)"), "!memory_limit");
  EXPECT_EQ(evaluated("$pad('x', -1e300, 'ab')"), "!memory_limit");
  EXPECT_THAT(evaluated("$reduce([1..40], function($s, $i){$s & $s}, 'xx')"),
              AnyOf("!memory_limit", "!D1012"));
  EXPECT_THAT(evaluated("$reduce([1..40], function($s, $i){$append($s, $s)}, [1, 2])"),
              AnyOf("!memory_limit", "!D1012"));
  EXPECT_EQ(evaluated("$replace($pad('', 100000, 'a'), 'a', $pad('', 100000, 'b'))"), "!memory_limit");
  EXPECT_THAT(evaluated("$join($map([1..1000], function($i){$pad('', 10000)}))"),
              AnyOf("!memory_limit", "!D1012"));
  EXPECT_EQ(evaluated("$formatNumber(1, $pad('', 100000, '0'))"), "!memory_limit");
  EXPECT_EQ(evaluated("$fromMillis(0, $pad('', 100000, '[Y]'))"), "!memory_limit");
}

TEST(EvaluationLimits, SharingCannotBlowUpAResult) {
  EXPECT_EQ(evaluated("$reduce([1..40], function($o, $i){{'a': $o, 'b': $o}}, {})"), "!output_limit");
  EXPECT_EQ(evaluated("$string($reduce([1..40], function($o, $i){{'a': $o, 'b': $o}}, {}))"), "!D1012");
  EXPECT_EQ(evaluated("($x := $reduce([1..40], function($o, $i){{'a': $o, 'b': $o}}, {}); $x = $clone($x))"),
            "!D1012");
  EXPECT_EQ(evaluated("$count($reduce([1..40], function($o, $i){{'a': $o, 'b': $o}}, {}).**)"), "!D1012");
  EXPECT_EQ(evaluated("$boolean($reduce([1..40], function($o, $i){[[$o], [$o]]}, []))"), "!D1012");
}

TEST(EvaluationLimits, DeepValuesDoNotOverflow) {
  const std::string deep = "$reduce([1..9000], function($o, $i){{'a': $o}}, {})";
  EXPECT_EQ(evaluated(deep), "!too_deep");
  EXPECT_EQ(evaluated("$string(" + deep + ")"), "!D1011");
  EXPECT_EQ(evaluated("$count(" + deep + ".**)"), "!D1011");
  EXPECT_EQ(evaluated(deep + " = " + deep), "!D1011");
  EXPECT_EQ(evaluated("$clone(" + deep + ")"), "!D1011");
  EXPECT_EQ(evaluated(deep + " ~> |**|{'b': 1}|"), "!D1011");
  const std::string lists = "$reduce([1..9000], function($o, $i){[[$o]]}, [])";
  for (const std::string_view with : {"$boolean(X)", "$keys(X)", "$spread(X)", "$count(X.a)", "X.*",
                                      "$distinct([[X],[X]])", "X ? 1 : 2", "$lookup(X, 'a')"}) {
    std::string text(with);
    for (auto at = text.find('X'); at != std::string::npos; at = text.find('X')) text.replace(at, 1, "$l");
    EXPECT_THAT(evaluated("($l := " + lists + "; " + text + ")"),
                AnyOf("!D1011", "!too_deep", "!D1012", "2", "0", "false"))
        << with;
  }
}

TEST(EvaluationLimits, RegexBombsAreLinear) {
  EXPECT_EQ(evaluated("$contains($pad('', 50000, 'a') & 'b', /^(a+)+$/)"), "false");
  EXPECT_EQ(evaluated("$contains($pad('', 50000, 'a'), /(a|aa)+$/)"), "true");
  EXPECT_EQ(evaluated("$count($match($pad('', 3000, 'ab'), /a/))"), "1500");
  EXPECT_EQ(evaluated("$count($split($pad('', 300000, 'ab'), /b/))"), "!D1012");
}

TEST(EvaluationLimits, WideObjectsAreNotSearchedForever) {
  std::string input = "{";
  for (int i = 0; i < 9'000; ++i) input += "\"k" + std::to_string(i) + "\":1,";
  input += "\"z\":1}";
  Given setup;
  setup.input = input;
  EXPECT_EQ(evaluated("z", setup), "1");
  EXPECT_EQ(evaluated("$sum($map([1..2000], function($i){$$.z}))", setup), "!D1012");
  EXPECT_EQ(evaluated("$count($keys($merge([$, $])))", setup), "9001");
  EXPECT_EQ(evaluated("$ = $clone($)", setup), "!D1012");
}

TEST(EvaluationLimits, EachLimitCanBeSet) {
  Given setup;
  setup.limits.steps = 50;
  EXPECT_EQ(evaluated("$map([1..100], function($i){$i})", setup), "!D1012");
  setup.limits = {};
  setup.limits.memory = 10'000;
  EXPECT_EQ(evaluated("[1..1000]", setup), "!memory_limit");
  setup.limits = {};
  setup.limits.output = 100;
  EXPECT_EQ(evaluated("[1..100]", setup), "!output_limit");
  setup.limits = {};
  setup.limits.string = 10;
  EXPECT_EQ(evaluated("'123456' & '789012'", setup), "!memory_limit");
  setup.limits = {};
  setup.limits.depth = 10;
  EXPECT_EQ(evaluated("((((((((((((1))))))))))))", setup), "!D1011");
}

TEST(EvaluationLimits, NumbersOutOfRange) {
  EXPECT_EQ(evaluated("$formatNumber(1e308, '0%')"), "!D1001");
  EXPECT_EQ(evaluated("1e308 * 10 + 1"), "!D1001");
  EXPECT_EQ(evaluated("'x' & 1e308 * 10"), "!D3001");
  EXPECT_EQ(evaluated("$fromMillis(1e300)"), "!D1001");
  EXPECT_EQ(evaluated("$formatInteger(1e300, 'i')"), "!D1001");
  EXPECT_EQ(evaluated("$length($formatInteger(1e300, 'w')) > 10"), "true");
  EXPECT_EQ(evaluated("$length($formatInteger(1e300, 'a')) > 10"), "true");
  EXPECT_EQ(evaluated("$formatBase(1e300, 2) ~> $length"), "997");
  EXPECT_THAT(evaluated("$round(1.5, 1e300)"), AnyOf("1.5", "0", "null"));
  EXPECT_EQ(evaluated("[1,2,3][1e300]"), "missing");
  EXPECT_EQ(evaluated("$substring('abc', 1e300, 1e300)"), R"("")");
  EXPECT_EQ(evaluated("$split('a b', ' ', 1e300)"), R"(["a","b"])");
  EXPECT_EQ(evaluated("0/0"), "null");
}

}  // namespace
}  // namespace tenon::mapping
