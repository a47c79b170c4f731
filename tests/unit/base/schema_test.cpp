#include "base/schema.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tenon {
namespace {

std::shared_ptr<const Schema> schema(std::string_view json) {
  auto document = parse_json(json);
  auto result = Schema::parse(document.value().root);
  EXPECT_TRUE(result.has_value()) << json << ": " << result.error().text();
  return result.has_value() ? *result : nullptr;
}

std::string error_of(std::string_view json, std::string_view at = {}) {
  auto document = parse_json(json);
  auto result = Schema::parse(document.value().root, at);
  return result ? "" : result.error().text();
}

/// "path: expected …, found …" of each violation.
std::string violations(const Schema& s, std::string_view json, std::size_t limit = 20) {
  auto document = parse_json(json);
  std::string out;
  for (const auto& v : s.validate(document.value().root, limit))
    out += v.path + ": expected " + v.expected + ", found " + v.found + "\n";
  return out;
}

std::string filled(const Schema& s, std::string_view json, bool coerce) {
  auto document = parse_json(json);
  Arena arena;
  return to_json(s.fill(document.value().root, arena, coerce));
}

TEST(Schema, ReadsEveryKeyword) {
  const auto s = schema(R"({"type": "object", "description": "d", "additionalProperties": false,
    "required": ["id"],
    "properties": {
      "id": {"type": ["integer", "string"], "x-identity": true},
      "secret": {"type": "string", "x-secret": true, "minLength": 2, "maxLength": 4},
      "state": {"enum": ["a", "b", 1]}, "kind": {"const": "customer"},
      "amount": {"type": "number", "x-decimal": true, "minimum": 0, "maximum": 10.5},
      "tags": {"type": "array", "items": {"type": "string", "pattern": "^x"}, "minItems": 1, "maxItems": 2},
      "mail": {"type": "string", "format": "email"},
      "on": {"type": "boolean", "default": true}}})");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->description, "d");
  EXPECT_FALSE(s->additional_properties);
  EXPECT_TRUE(s->requires_member("id"));
  EXPECT_FALSE(s->requires_member("mail"));
  EXPECT_EQ(s->property("id")->types.text(), "integer or string");
  EXPECT_TRUE(s->property("id")->identity);
  EXPECT_TRUE(s->property("secret")->secret);
  EXPECT_TRUE(s->property("amount")->decimal);
  EXPECT_EQ(s->property("on")->default_json, "true");
  EXPECT_EQ(s->property("nothing"), nullptr);
  EXPECT_EQ(s->properties[0].first, "id");
  EXPECT_EQ(violations(*s, R"({"id": 1, "secret": "abc", "state": 1.0, "kind": "customer", "amount": 10.5,
                               "tags": ["xa"], "mail": "ann@example.com", "on": false})"),
            "");
}

TEST(Schema, NamesWhatIsWrongAndWhereButNeverTheValue) {
  const auto s =
      schema(R"({"type": "object", "additionalProperties": false, "required": ["id", "name"], "properties": {
    "id": {"type": "integer"}, "name": {"type": ["string", "null"]},
    "a/b~c": {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "number", "minimum": 2}}}},
    "state": {"enum": ["open", "closed", 3]},
    "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 3}}})");
  EXPECT_EQ(violations(*s, R"({"id": "hunter2"})"),
            "/id: expected an integer, found string\n/name: expected a string or null, found nothing\n");
  EXPECT_EQ(violations(*s, R"({"id": 1.5, "name": null, "nam": 1})"),
            "/id: expected an integer, found number\n/nam: expected no member of this name, found number\n");
  EXPECT_EQ(violations(*s, R"({"id": 1, "name": "", "a/b~c": {"list": [2, "x", 1]}})"),
            "/a~1b~0c/list/1: expected a number, found string\n/a~1b~0c/list/2: expected at least 2, found a "
            "smaller "
            "number\n");
  EXPECT_EQ(violations(*s, R"({"id": 1, "name": "", "state": "hunter2", "code": "A"})"),
            "/state: expected one of open, closed, 3, found string\n/code: expected at least 2 characters, "
            "found 1\n"
            "/code: expected a string that matches ^[a-z]+$, found another string\n");
  EXPECT_EQ(violations(*s, "[]"), ": expected an object, found array\n");
  EXPECT_EQ(violations(*s, R"({"id": "x", "name": 1, "q": 1})", 2).find("/q"), std::string::npos);
}

TEST(Schema, IntegersAndLengthsCountAsJsonSchemaDoes) {
  const auto integer = schema(R"({"type": "integer"})");
  for (const char* good : {"1", "-0", "1.0", "1e3", "12345678901234567890123"})
    EXPECT_EQ(violations(*integer, good), "");
  for (const char* bad : {"1.5", "1e-1", "\"1\"", "true", "null"})
    EXPECT_NE(violations(*integer, bad), "") << bad;
  const auto three = schema(R"({"type": "string", "minLength": 3, "maxLength": 3})");
  EXPECT_EQ(violations(*three, R"("äß€")"), "");
  EXPECT_EQ(violations(*three, R"("🙂🙂🙂")"), "");
  EXPECT_NE(violations(*three, R"("ab")"), "");
  EXPECT_EQ(violations(*schema("{}"), R"({"anything": [1, null]})"), "");
}

TEST(Schema, RefusesWhatItDoesNotKnowByPointer) {
  EXPECT_EQ(error_of(R"({"typ": "string"})"),
            "invalid_schema: /typ: a keyword that schemas do not have; did you mean type?");
  EXPECT_EQ(
      error_of(R"({"properties": {"a/b": {"anyOf": []}}})", "/connectors/0/settings"),
      "invalid_schema: /connectors/0/settings/properties/a~1b/anyOf: a keyword that schemas do not have");
  EXPECT_NE(error_of("[]").find("expected a schema"), std::string::npos);
  EXPECT_NE(error_of("true").find("expected a schema"), std::string::npos);
}

TEST(Schema, RefusesWhatCannotMeanAnything) {
  const char* const bad[] = {
      R"({"type": "text"})",
      R"({"type": []})",
      R"({"type": ["string", "string"]})",
      R"({"type": 3})",
      R"({"type": "string", "items": {}})",
      R"({"type": "string", "properties": {"a": {}}})",
      R"({"type": "object", "pattern": "a"})",
      R"({"type": "object", "minimum": 1})",
      R"({"type": "string", "pattern": "("})",
      R"({"type": "string", "pattern": 3})",
      R"({"type": "string", "format": "ipv4"})",
      R"({"type": "string", "minLength": -1})",
      R"({"type": "string", "minLength": 1.5})",
      R"({"type": "string", "minLength": 1e300})",
      R"({"type": "string", "minLength": 3, "maxLength": 2})",
      R"({"type": "number", "minimum": 3, "maximum": 2})",
      R"({"type": "array", "minItems": 3, "maxItems": 2})",
      R"({"type": "number", "minimum": "3"})",
      R"({"type": "object", "required": ["a"]})",
      R"({"type": "object", "required": "a"})",
      R"({"type": "object", "properties": {"a": {}}, "required": ["a", "a"]})",
      R"({"type": "object", "properties": []})",
      R"({"type": "object", "properties": {"a": true}})",
      R"({"type": "object", "additionalProperties": {}})",
      R"({"enum": []})",
      R"({"enum": "a"})",
      R"({"enum": [1], "const": 1})",
      R"({"type": "integer", "default": "1"})",
      R"({"type": "object", "properties": {"a": {"type": "integer"}}, "default": {"a": "x"}})",
      R"({"type": "string", "x-secret": "yes"})",
      R"({"type": "integer", "x-secret": true})",
      R"({"type": "string", "x-secret": true, "default": "hunter2"})",
      R"({"description": 1})",
  };
  for (const char* json : bad) EXPECT_TRUE(error_of(json).starts_with("invalid_schema: ")) << json;
}

TEST(Schema, HasADepthLimit) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += R"({"items": )";
  deep += "{}" + std::string(40, '}');
  EXPECT_NE(error_of(deep).find("nested too deep"), std::string::npos);
}

TEST(Schema, FillsDefaultsAndKeepsTheRest) {
  const auto s = schema(R"({"type": "object", "properties": {
    "url": {"type": "string", "default": "https://x.test"}, "n": {"type": "integer", "default": 3},
    "in": {"type": "object", "properties": {"on": {"type": "boolean", "default": false}}},
    "list": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "null", "default": null}}}}}})");
  EXPECT_EQ(filled(*s, "{}", false), R"({"url":"https://x.test","n":3})");
  EXPECT_EQ(filled(*s, R"({"n": 7, "other": 69.80, "in": {}, "list": [{}, 1]})", false),
            R"({"n":7,"other":69.80,"in":{"on":false},"list":[{"k":null},1],"url":"https://x.test"})");
  EXPECT_EQ(filled(*s, "3", true), "3");
}

TEST(Schema, CoercesTextOnlyWhereItReadsAsTheType) {
  const auto s = schema(R"({"type": "object", "properties": {
    "n": {"type": "integer"}, "x": {"type": "number"}, "on": {"type": "boolean"}, "s": {"type": "string"},
    "both": {"type": ["integer", "string"]}, "any": {}}})");
  EXPECT_EQ(
      filled(*s, R"({"n": "42", "x": "6.90", "on": "true", "s": "42", "both": "42", "any": "42"})", true),
      R"({"n":42,"x":6.90,"on":true,"s":"42","both":"42","any":"42"})");
  EXPECT_EQ(filled(*s, R"({"n": "42"})", false), R"({"n":"42"})");
  for (const char* not_one : {"", " 42", "42 ", "4 2", "0x10", "017", "1.5", "NaN", "[42]", "+1", "1e999"})
    EXPECT_EQ(filled(*s, R"({"n": ")" + std::string(not_one) + "\"}", true),
              R"({"n":")" + std::string(not_one) + "\"}");
  EXPECT_EQ(filled(*s, R"({"on": "yes"})", true), R"({"on":"yes"})");
}

TEST(Schema, ChecksFormats) {
  const auto fits = [](const char* format, const std::string& text) {
    const auto s = schema(R"({"type": "string", "format": ")" + std::string(format) + "\"}");
    return violations(*s, json_string(text)).empty();
  };
  for (const char* good : {"2024-02-29", "1999-12-31"}) EXPECT_TRUE(fits("date", good)) << good;
  for (const char* bad : {"2023-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "24-01-01", "2024-01-01T"})
    EXPECT_FALSE(fits("date", bad)) << bad;
  for (const char* good :
       {"2024-02-29T23:59:60Z", "2024-01-01t00:00:00.123456z", "2024-01-01T00:00:00+05:30"})
    EXPECT_TRUE(fits("date-time", good)) << good;
  for (const char* bad : {"2024-01-01 00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
                          "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+0530", "2024-01-01T00:00:00+24:00"})
    EXPECT_FALSE(fits("date-time", bad)) << bad;
  for (const char* good : {"Tue, 05 Mar 2019 21:40:11 +0000", "5 Mar 2019 21:40:11 GMT"})
    EXPECT_TRUE(fits("date-rfc2822", good)) << good;
  for (const char* bad :
       {"", "Tue", "Tue,05 Mar 2019 21:40:11 +0000", "Tue, 32 Mar 2019 21:40:11 +0000",
        "Tue, 05 Mrz 2019 21:40:11 +0000", "Tue, 05 Mar 2019 21:40 +0000", "Tue, 05 Mar 2019",
        "Tue, 05 Mar 2019 21:40:11", "Tue, 05 Mar 2019 21:40:11 ", "2019-03-05T21:40:11Z"})
    EXPECT_FALSE(fits("date-rfc2822", bad)) << bad;
  for (const char* good : {"ann@example.com", "a.b+c@x-y.example", "é@example.com"})
    EXPECT_TRUE(fits("email", good)) << good;
  for (const char* bad :
       {"", "ann", "@x.test", "a@", "a b@x.test", "a@x..test", ".a@x.test", "a..b@x.test", "a@-x.test"})
    EXPECT_FALSE(fits("email", bad)) << bad;
  for (const char* good : {"https://x.test/a?b=c#d", "urn:a:b", "http://[::1]:80/%20"})
    EXPECT_TRUE(fits("uri", good)) << good;
  for (const char* bad :
       {"", "x.test/a", "1x:y", "http:", "http://x.test/a b", "http://x.test/%2", "http://x.test/\n"})
    EXPECT_FALSE(fits("uri", bad)) << bad;
  EXPECT_TRUE(fits("uuid", "123e4567-e89b-12d3-a456-426614174000"));
  EXPECT_FALSE(fits("uuid", "123e4567-e89b-12d3-a456-42661417400"));
  EXPECT_FALSE(fits("uuid", "123e4567xe89b-12d3-a456-426614174000"));
  EXPECT_TRUE(fits("hostname", "a.b-c.example"));
  for (const char* bad : {"", "a..b", "-a", "a_b", "a.", "a b"}) EXPECT_FALSE(fits("hostname", bad)) << bad;
  EXPECT_FALSE(fits("hostname", std::string(64, 'a')));
}

}  // namespace
}  // namespace tenon
