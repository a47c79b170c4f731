#include "base/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tenon {
namespace {

bool found(std::string_view pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled.has_value()) << pattern << ": " << compiled.error().text();
  return compiled.has_value() && compiled->found_in(text);
}

TEST(Pattern, MatchesAsRegularExpressionsDo) {
  EXPECT_TRUE(found("", "anything"));
  EXPECT_TRUE(found("b", "abc"));
  EXPECT_FALSE(found("^b", "abc"));
  EXPECT_TRUE(found("^[a-z0-9]+$", "abc123"));
  EXPECT_FALSE(found("^[a-z0-9]+$", "abc 123"));
  EXPECT_FALSE(found("^[a-z0-9]+$", ""));
  EXPECT_TRUE(found("^[a-z0-9][a-z0-9-]*$", "a-b"));
  EXPECT_FALSE(found("^[a-z0-9][a-z0-9-]*$", "-b"));
  EXPECT_TRUE(found("^(ab|cd)+$", "abcdab"));
  EXPECT_FALSE(found("^(ab|cd)+$", "abc"));
  EXPECT_TRUE(found("^(?:ab|)c$", "c"));
  EXPECT_TRUE(found("^a{2,3}$", "aaa"));
  EXPECT_FALSE(found("^a{2,3}$", "aaaa"));
  EXPECT_FALSE(found("^a{2,3}$", "a"));
  EXPECT_TRUE(found("^a{2,}$", "aaaaa"));
  EXPECT_TRUE(found("^a{3}$", "aaa"));
  EXPECT_TRUE(found("^a{0}$", ""));
  EXPECT_TRUE(found("^\\d{4}-\\d\\d$", "2024-01"));
  EXPECT_TRUE(found("^\\w+\\s\\W$", "ab_1 -"));
  EXPECT_TRUE(found("^[^/]+/[\\]\\-]$", "ä/-"));
  EXPECT_TRUE(found("^.\\.$", "€."));
  EXPECT_FALSE(found("^.$", "\n"));
  EXPECT_TRUE(found("^[à-ü]$", "é"));
  EXPECT_FALSE(found("^[^é]$", "é"));
  EXPECT_TRUE(found("^\\D$", "é"));
  EXPECT_TRUE(found("a$|^b", "ca"));
  EXPECT_TRUE(found("^()*$", ""));
}

TEST(Pattern, KnowsWhichBeginningsCanGoOn) {
  const auto could = [](std::string_view pattern, std::string_view head) {
    return Pattern::compile(pattern).value().could_follow(head);
  };
  for (const char* head : {"", "A", "AB", "ABC"}) EXPECT_TRUE(could("^[A-Z]{3}$", head)) << head;
  for (const char* head : {"a", "Ab", "ABCD", "AB\xC3\xA9"}) EXPECT_FALSE(could("^[A-Z]{3}$", head)) << head;
  EXPECT_TRUE(could("[A-Z]{3}$", "abc"));
  EXPECT_TRUE(could("^abc", "abcdef"));
  EXPECT_FALSE(could("^(abc|xyz)$", "abx"));
  EXPECT_TRUE(could("^a|b$", "zzz"));
}

TEST(Pattern, RefusesWhatItCannotDo) {
  for (const char* bad :
       {"(",     ")",       "[",   "[]",  "a**", "a*?",   "*",       "a{", "a{1",    "a{2,1}", "a{257}",
        "(?=a)", "(?<n>a)", "\\1", "\\b", "\\",  "[z-a]", "[a-\\d]", "^*", "\\p{L}", "\xff"})
    EXPECT_FALSE(Pattern::compile(bad).has_value()) << bad;
  EXPECT_FALSE(Pattern::compile(std::string(1001, 'a')).has_value());
  EXPECT_FALSE(Pattern::compile(std::string(40, '(') + std::string(40, ')')).has_value());
  // Exponential if it were unrolled.
  EXPECT_FALSE(Pattern::compile("(((a{200}){200}){200}){200}").has_value());
  EXPECT_FALSE(Pattern::compile("((((){200}){200}){200}){200}").has_value());
}

TEST(Pattern, IsLinearWhereBacktrackingIsNot) {
  const std::string text(50'000, 'a');
  EXPECT_FALSE(found("^(a|a)*(a*)*b$", text));
  EXPECT_FALSE(found("(x+x+)+y", std::string(50'000, 'x')));
}

TEST(Pattern, BrokenTextMatchesNothing) {
  EXPECT_FALSE(found(".*", "\xff"));
  EXPECT_FALSE(found("", "\xc3"));
}

}  // namespace
}  // namespace tenon
