// Types told of expressions, and what is reported: never of what runs well.
#include "mapping/check/infer.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tenon::mapping::check {
namespace {

Type schema_type(const std::string& json) {
  const auto document = parse_json(json);
  const auto schema = Schema::parse(document.value().root);
  return of_schema(*schema.value());
}

World world() {
  World made;
  made.roots.emplace_back("order", schema_type(R"({"type": "object", "additionalProperties": false,
    "required": ["id", "status", "lines", "total"], "properties": {
      "id": {"type": "integer"}, "status": {"type": "string", "enum": ["open", "paid"]},
      "phone": {"type": "string"}, "note": {"type": ["string", "null"]},
      "total": {"type": "string", "x-decimal": true},
      "lines": {"type": "array", "items": {"type": "object", "additionalProperties": false,
        "required": ["sku", "quantity"],
        "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer"}}}}}})"));
  made.roots.emplace_back("event", Type());
  return made;
}

Inferred of(const std::string& text) {
  ParseOptions options;
  options.variables = {"order", "event"};
  EXPECT_TRUE(Expression::parse(text, options)) << text;
  return infer(text, options, world());
}

std::string codes(const std::string& text) {
  std::string out;
  for (const Finding& finding : of(text).findings) out += (out.empty() ? "" : " ") + finding.code;
  return out;
}

TEST(Infer, TellsKinds) {
  EXPECT_EQ(of("order.id").type.kinds, kNumber);
  EXPECT_EQ(of("order.phone").type.kinds, kString | kMissing);
  EXPECT_EQ(of("order.phone").type.maybe, "order.phone");
  EXPECT_EQ(of("order.lines").type.kinds, kArray);
  EXPECT_EQ(of("order.lines.sku").type.kinds, kString | kArray | kMissing);
  EXPECT_TRUE(of("order.lines.sku").type.one_or_many);
  EXPECT_EQ(of("order.lines[0].sku").type.kinds, kString | kMissing);
  EXPECT_EQ(of("[order.lines.sku]").type.kinds, kArray);
  EXPECT_EQ(of("order.id & order.phone").type.kinds, kString);
  EXPECT_EQ(of("order.id = 3").type.kinds, kBoolean);
  EXPECT_EQ(of("order.phone > 'a'").type.kinds, kBoolean | kMissing);
  EXPECT_EQ(of("order.phone ?? 'none'").type.kinds, kString);
  EXPECT_EQ(of("$present(order.note, order.id)").type.kinds, kString | kNumber);
  EXPECT_EQ(of("$need(order.note, 'why')").type.kinds, kString);
  EXPECT_EQ(of("($x := order.id; $x + 1)").type.kinds, kNumber);
  EXPECT_EQ(of("$map(order.lines, function($l) { $l.quantity })").type.kinds, kNumber | kArray | kMissing);
  EXPECT_EQ(of("order.status ~> $uppercase").type.kinds, kString);
  EXPECT_FALSE(of("event.anything.at.all").type.known());
}

TEST(Infer, WhatATestHasSeenIsThere) {
  EXPECT_EQ(of("$exists(order.phone) ? order.phone : 'none'").type.kinds, kString);
  EXPECT_EQ(of("order.phone ? order.phone : 'none'").type.kinds, kString);
  EXPECT_EQ(of("order.phone and order.phone > 'a'").type.kinds, kBoolean);
}

TEST(Infer, ReportsWhatCannotBe) {
  EXPECT_EQ(codes("order.statuss"), "unknown_field");
  EXPECT_EQ(codes("ordre.id"), "unknown_root");
  EXPECT_EQ(codes("order.lines.skuu"), "unknown_field");
  EXPECT_EQ(codes("order.lines[skuu = 'a']"), "unknown_field");
  EXPECT_EQ(codes("order.lines[order.id = 1]"), "root_in_context");
  EXPECT_EQ(codes("order.id.name"), "unknown_field");
  EXPECT_EQ(codes("order.status + 1"), "wrong_operand");
  EXPECT_EQ(codes("order.status < 1"), "wrong_operand");
  EXPECT_EQ(codes("order.total + 1"), "money_float");
  EXPECT_EQ(codes("order.id = '1'"), "never_equal");
  EXPECT_EQ(codes("order.status = 'opne'"), "unknown_value");
  EXPECT_EQ(codes("order.status in ['open', 'pad']"), "unknown_value");
  EXPECT_EQ(codes("$uppercase(order.id)"), "wrong_argument");
  EXPECT_EQ(codes("$sum(order.lines.sku)"), "wrong_argument");
  EXPECT_EQ(codes("$substring(order.status, 'a')"), "wrong_argument");
  EXPECT_EQ(codes("$map(order.lines, function($l) { $l.skuu })"), "unknown_field");
  EXPECT_EQ(codes("order.lines.{'a': skuu}"), "unknown_field");
  EXPECT_EQ(codes("true ? order.id : 2"), "constant_condition");
  EXPECT_EQ(of("'x' & order.phone").blanks.size(), 1U);
}

TEST(Infer, IsSilentOfWhatRuns) {
  for (const char* text : {"event.a.b + event.c",
                           "event.list[x = 'a'].y & order.id",
                           "$sum(order.lines.quantity)",
                           "order.lines[quantity > $$.order.id].sku",
                           "order.lines^(>quantity).sku",
                           "order.lines{sku: $sum(quantity)}",
                           "order.lines#$i.{'at': $i, 'sku': sku}",
                           "order.lines@$l.{'sku': $l.sku, 'id': $order.id}",
                           "order.lines.(sku & quantity)",
                           "($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(order.id))",
                           "$reduce(order.lines.quantity, function($a, $b) { $a + $b })",
                           "order.lines.$uppercase(sku)",
                           "order.*",
                           "**.sku",
                           "order.lines.sku.%.quantity",
                           "order ~> |lines|{'x': 1}|",
                           "$join(order.lines.sku, ', ')",
                           "$filter(order.lines, function($l) { $l.quantity > 1 }).sku",
                           "$sort(order.lines, function($a, $b) { $a.quantity > $b.quantity })[0].sku",
                           "$lookup(order, 'id')",
                           "$string(order.id) = '7'",
                           "$type(event.x) = 'string' ? event.x & '' : event.x + 1",
                           "order.status in ['open', 'paid']",
                           "$substring(order.status, 0, 3)",
                           "[1..order.id]",
                           "$split(order.status, /,/)",
                           "$match(order.status, /a/).match",
                           "$each(order, function($v, $k) { $k })",
                           "$decAdd(order.total, 1)",
                           "$append(order.lines.sku, 'x')[0]",
                           "order.lines[-1].sku",
                           "$spread(order)",
                           "$merge([order, {'x': 1}]).x",
                           "$zip(order.lines.sku, [1, 2])"}) {
    EXPECT_EQ(codes(text), "") << text;
  }
}

TEST(Infer, EndsWhateverTheExpressionDefines) {
  EXPECT_EQ(codes("($f := function($x) { $f($x + 1) }; $f(0))"), "");
  std::string deep = "order.id";
  for (int i = 0; i < 30; ++i) deep = "$map([1], function($x) { " + deep + " })";
  EXPECT_EQ(codes(deep), "");
}

}  // namespace
}  // namespace tenon::mapping::check
