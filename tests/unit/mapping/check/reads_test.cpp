// What an expression may read of an event: never less than it does.
#include "mapping/check/reads.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace tenon::mapping::check {
namespace {

/// "data type", "all", "type clock".
std::string reads(std::string_view text) {
  ParseOptions options;
  options.variables = {"event", "customer", "vars", "item"};
  const auto expression = Expression::parse(text, options);
  if (!expression) return expression.error().message;
  const MemberReads read = member_reads(*expression, "event");
  std::string out;
  for (const std::string& member : read.members) out += member + " ";
  if (read.all) out += "all ";
  if (read.clock) out += "clock ";
  if (read.random) out += "random ";
  return std::string(trim(out));
}

TEST(MemberReads, NamesWhatAPathNames) {
  EXPECT_EQ(reads("event.type"), "type");
  EXPECT_EQ(reads("$event.type"), "type");
  EXPECT_EQ(reads("$$.event.type"), "type");
  EXPECT_EQ(reads("$.event.type"), "type");
  EXPECT_EQ(reads("event.'type'"), "type");
  EXPECT_EQ(reads("`event`.type = 'a' and event.data.x.y > 1"), "data type");
  EXPECT_EQ(reads("event.data.*"), "data");
  EXPECT_EQ(reads("event.data[a = 1].b"), "data");
  EXPECT_EQ(reads("$lookup(event.keys, 'customer')"), "keys");
  EXPECT_EQ(reads("event.type ~> $uppercase"), "type");
  EXPECT_EQ(reads("event.type ~> $string()"), "type");
  EXPECT_EQ(reads("$map(customer.orders, function($o) { $o.id & event.key })"), "key");
  EXPECT_EQ(reads("($t := event.type; $t = 'a' ? event.id : event.time)"), "id time type");
  EXPECT_EQ(reads("{ 'a': event.type, 'b': [event.id] }"), "id type");
  EXPECT_EQ(reads("event.data{ 'a': $event.version }"), "data version");
}

TEST(MemberReads, NothingOfItWhereOthersAreRead) {
  EXPECT_EQ(reads("customer.email"), "");
  EXPECT_EQ(reads("customer.event.type"), "");
  EXPECT_EQ(reads("customer.(event.type)"), "");
  EXPECT_EQ(reads("customer.tags[$ = 'x']"), "");
  EXPECT_EQ(reads("customer.*"), "");
  EXPECT_EQ(reads("$string(customer)"), "");
  EXPECT_EQ(reads("$string(customer, true)"), "");
  EXPECT_EQ(reads("$trim(customer.first & ' ' & customer.last)"), "");
  EXPECT_EQ(reads("$map(customer.tags, $string)"), "");
  EXPECT_EQ(reads("customer.orders.$string()"), "");
  EXPECT_EQ(reads("customer ~> |orders|{'a': $.b}|"), "");
  EXPECT_EQ(reads("$lookup(customer, 'id')"), "");
}

TEST(MemberReads, AllWhereNobodyCanTell) {
  for (const char* text : {"event",
                           "$event",
                           "$",
                           "$$",
                           "*",
                           "**",
                           "*.type",
                           "event.*",
                           "event.**",
                           "event.(type)",
                           "event[type = 'a'].key",
                           "event@$e.($e.type)",
                           "event#$i.key",
                           "order@$o.event.type",
                           "order@$o[event.type = 'a']",
                           "order@$o^(event.type)",
                           "customer.order@$o.id",
                           "$string()",
                           "$keys()",
                           "$lookup('event')",
                           "$each(function($v) { $v })",
                           "$sift(function($v) { true })",
                           "$lookup(event, 'type')",
                           "$lookup($, 'event')",
                           "$lookup($$, customer.name)",
                           "($e := event; $e.type)",
                           "($e := $; $e.event.type)",
                           "(event).type",
                           "[event].type",
                           "customer.%.event.type",
                           "customer.orders[%.%.event.type = 'a']",
                           "$ ~> |event|{'a': 1}|",
                           "($f := $string; $f())",
                           "function($f) { $f() }($string)",
                           "function($x)<x-:x> { $x }()",
                           "$map([1], function() { $$ })",
                           "customer.($$)",
                           "$.(event.type)",
                           "$^(event.type)",
                           "event{ type: key }",
                           "event ~> $string",
                           "$merge([event, customer])",
                           "${ 'a': event.type }",
                           "event ? 1 : 2",
                           "customer.($event)",
                           "$[0].event.type",
                           "$string(?)($)"}) {
    const std::string read = reads(text);
    EXPECT_TRUE(read == "all" || read.ends_with(" all")) << text << ": " << read;
  }
}

TEST(MemberReads, ClockAndChance) {
  EXPECT_EQ(reads("$now()"), "clock");
  EXPECT_EQ(reads("$map([1], $millis)"), "clock");
  EXPECT_EQ(reads("$fromMillis($millis())"), "clock");
  EXPECT_EQ(reads("$random()"), "random");
  EXPECT_EQ(reads("customer.tags ~> $shuffle"), "random");
}

}  // namespace
}  // namespace tenon::mapping::check
