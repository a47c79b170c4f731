// Text for terminals: what is shown of hostile text, widths, and tables on a terminal and piped.
#include "app/cli/terminal.hpp"

#include <gtest/gtest.h>

#include "app/cli/table.hpp"
#include "base/json.hpp"
#include "base/schema_json.hpp"

namespace tenon::app {
namespace {

TEST(Printable, NothingSteersTheTerminal) {
  EXPECT_EQ(printable("plain, ü, 漢, 😀"), "plain, ü, 漢, 😀");
  EXPECT_EQ(printable("a\x1b[31mb\r\n\t\x7f"), "a\\x1b[31mb\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");  // C1: a one-byte CSI
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "cod"),
            "\\u202ecod");  // right-to-left override
  EXPECT_EQ(printable("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");  // no UTF-8
  EXPECT_EQ(printable("cut \xe6\xbc"), "cut \\xe6\\xbc");
}

TEST(Width, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("漢字"), 4U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);  // a combining accent
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 4), "abc…");
  EXPECT_EQ(cut("漢字漢字", 4), "漢…");
  EXPECT_EQ(cut("abc", 0), "");
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("one two three", 8), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("unbreakable", 4), (std::vector<std::string>{"unbreakable"}));
  EXPECT_EQ(wrap("a\n\nb", 8), (std::vector<std::string>{"a", "", "b"}));
}

TEST(Tables, AreAlignedOnATerminalAndPlainWhenPiped) {
  Table table({{"NAME"}, {"NOTE", 4}});
  table.add({"a", "a long note"});
  table.add({Cell("long", Style::red), ""});
  EXPECT_EQ(table.render({.terminal = false}), "a\ta long note\nlong\t\n");
  EXPECT_EQ(table.render({.terminal = true, .color = false, .width = 80}),
            "NAME  NOTE\na     a long note\nlong  -\n");
  EXPECT_EQ(table.render({.terminal = true, .color = false, .width = 12}),
            "NAME  NOTE\na     a lon…\nlong  -\n");
  EXPECT_NE(table.render({.terminal = true, .color = true, .width = 80}).find("\033[31mlong\033[0m"),
            std::string::npos);
}

TEST(Tables, TheLastColumnMayGoOnInFurtherLines) {
  Table table({{"NAME"}, {"NOTE", 4, true}});
  table.add({"a", "one two three"});
  EXPECT_EQ(table.render({.terminal = true, .color = false, .width = 15}, 1),
            " NAME  NOTE\n a     one two\n       three\n");
  EXPECT_EQ(table.render({.terminal = false}), "a\tone two three\n");
}

TEST(SchemaJson, ParsesBackToTheSame) {
  const std::string text =
      R"({"type":"object","properties":{"id":{"type":["string","null"],"maxLength":9,"x-identity":true},)"
      R"("n":{"type":"integer","minimum":1,"default":3},"l":{"type":"array","items":{"type":"string",)"
      R"("enum":["a","b"]}}},"required":["id"],"additionalProperties":false})";
  const auto parsed = parse_json(text);
  ASSERT_TRUE(parsed);
  const auto schema = Schema::parse(parsed->root);
  ASSERT_TRUE(schema) << schema.error().text();
  EXPECT_EQ(to_json(**schema), text);
}

}  // namespace
}  // namespace tenon::app
