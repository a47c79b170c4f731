// Exact decimals. tests/differential/decimals.py holds them to Python's decimal.
#include <gtest/gtest.h>

#include "evaluate.hpp"
#include "mapping/template.hpp"

namespace tenon::mapping {
namespace {

TEST(Decimals, AreExact) {
  EXPECT_EQ(evaluated("$decAdd('0.1', 0.2)"), "0.3");
  EXPECT_EQ(evaluated("$decAdd(a, b)", R"({"a": 69.80, "b": "0.20"})"), "70.00");
  EXPECT_EQ(evaluated("$decSub('1', '0.9999999999999999999999')"), "0.0000000000000000000001");
  EXPECT_EQ(evaluated("$decMul('19.99', 3)"), "59.97");
  EXPECT_EQ(evaluated("$decMul('9007199254740993', '9007199254740993')"), "81129638414606699710187514626049");
  EXPECT_EQ(evaluated("$decDiv(1, 3, 4)"), "0.3333");
  EXPECT_EQ(evaluated("$decDiv(-2, 3, 0)"), "-1");
  EXPECT_EQ(evaluated("$decSum(['1.10', 2.2, '-0.30'])"), "3.00");
  EXPECT_EQ(evaluated("$decSum([])"), "0");
  EXPECT_EQ(evaluated("$decCompare('1.0', 1)"), "0");
  EXPECT_EQ(evaluated("$decCompare('0.1', '0.10000000000000000001')"), "-1");
}

TEST(Decimals, RoundHalfUpUnlessSaid) {
  EXPECT_EQ(evaluated("$decRound('1.005', 2)"), "1.01");
  EXPECT_EQ(evaluated("$decRound('-1.005', 2)"), "-1.01");
  EXPECT_EQ(evaluated("$decRound('1.005', 2, 'half-even')"), "1.00");
  EXPECT_EQ(evaluated("$decRound('1.005', 2, 'half-down')"), "1.00");
  EXPECT_EQ(evaluated("$decRound('1.001', 2, 'up')"), "1.01");
  EXPECT_EQ(evaluated("$decRound('1.009', 2, 'down')"), "1.00");
  EXPECT_EQ(evaluated("$decRound('-1.001', 2, 'floor')"), "-1.01");
  EXPECT_EQ(evaluated("$decRound('-1.009', 2, 'ceiling')"), "-1.00");
  EXPECT_EQ(evaluated("$decRound(1250, -2)"), "1300");
  EXPECT_EQ(evaluated("$decRound('-0.001', 2)"), "0.00");
  EXPECT_EQ(evaluated("$decRound('69.8000', 2)"), "69.80");
  EXPECT_EQ(evaluated("$decAdd('1', '2', 2)"), "3.00");
}

TEST(Decimals, KeepTheirDigitsInTexts) {
  EXPECT_EQ(evaluated("'EUR ' & $decRound(69.8, 2)"), R"("EUR 69.80")");
  EXPECT_EQ(evaluated("$string($decRound(69.8, 2))"), R"("69.80")");
  EXPECT_EQ(evaluated("$decRound(69.8, 2) + 1"), "70.8");
  const auto mixed = Template::scalar("EUR ${{ $decRound(69.8, 2) }}");
  ASSERT_TRUE(mixed);
  Arena arena;
  Evaluation evaluation{arena};
  EXPECT_EQ(to_json(*mixed->render({}, {}, evaluation)), R"("EUR 69.80")");
}

TEST(Decimals, MissingStaysMissingAndNonsenseIsAnError) {
  EXPECT_EQ(evaluated("$decAdd(x, 1)"), "missing");
  EXPECT_EQ(evaluated("$decSum(x)"), "missing");
  EXPECT_EQ(evaluated("$decRound(x, 2)"), "missing");
  for (const std::string_view text : {"''", "' 1'", "'1,5'", "'0x10'", "'1.'", "'.5'", "'1e'", "'1e99999'",
                                      "'NaN'", "'--1'", "'1 EUR'", "'\\u0661'"}) {
    EXPECT_EQ(evaluated("$decAdd(1, " + std::string(text) + ")"), "!decimal") << text;
  }
  EXPECT_EQ(evaluated("$decAdd(1, null)"), "!T0410");
  EXPECT_EQ(evaluated("$decAdd(1, [1, 2])"), "!T0410");
  EXPECT_EQ(evaluated("$decSum([1, null])"), "!T0412");
  EXPECT_EQ(evaluated("$decDiv(1, 0, 2)"), "!decimal");
  EXPECT_EQ(evaluated("$decDiv(1, 3)"), "!decimal");
  EXPECT_EQ(evaluated("$decRound(1, 0.5)"), "!decimal");
  EXPECT_EQ(evaluated("$decRound(1, 1e9)"), "!decimal");
  EXPECT_EQ(evaluated("$decRound(1, 1, 'banker')"), "!decimal");
  EXPECT_EQ(evaluated("$decAdd(1, 1/0)"), "!D1001");
}

TEST(Decimals, AreBounded) {
  EXPECT_EQ(evaluated("$decAdd($pad('1', 2000, '0'), 1)"), "!decimal");
  EXPECT_EQ(evaluated("$reduce([1..50], function($p, $i){$decMul($p, $p)}, '12345.678')"), "!decimal");
  EXPECT_EQ(evaluated("$decAdd('1e1000', '1e-1000')"), "!decimal");
}

}  // namespace
}  // namespace tenon::mapping
