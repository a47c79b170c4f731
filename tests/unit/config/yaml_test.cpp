#include "config/yaml.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace tenon::config {
namespace {

struct Parsed {
  explicit Parsed(std::string text) : source("x.yaml", std::move(text)), report(source) {
    root = parse_yaml(report);
    diagnostics = report.take();
  }
  std::string first() const { return diagnostics.empty() ? "" : diagnostics.front().message; }
  std::string code() const { return diagnostics.empty() ? "" : diagnostics.front().code; }

  Source source;
  Report report;
  std::optional<Node> root;
  std::vector<Diagnostic> diagnostics;
};

TEST(Yaml, KeepsTextAndOrderAndKinds) {
  const Parsed p("b: 1\na: [x, \"y\", {c: 'it''s'}]\nd: |-\n  one\n   two\n\n  three\n");
  ASSERT_TRUE(p.root) << p.first();
  ASSERT_EQ(p.root->members.size(), 3U);
  EXPECT_EQ(p.root->members[0].key.text, "b");
  EXPECT_EQ(p.root->members[1].value.items[2].find("c")->text, "it's");
  EXPECT_TRUE(p.root->members[1].value.items[1].is_quoted());
  EXPECT_EQ(p.root->find("d")->text, "one\n two\n\nthree");
  EXPECT_EQ(p.root->find("e"), nullptr);
}

TEST(Yaml, KnowsWhereEachCharacterStands) {
  const std::string text =
      "plain: a b\nsingle: 'x''y'\ndouble: \"\\t\\u00e9\\\"z\"\nblock: |\n    one\n\n    two\nfolded: >\n  "
      "q\n";
  const Parsed p(text);
  ASSERT_TRUE(p.root) << p.first();
  for (const NodeMember& member : p.root->members) {
    const Node& node = member.value;
    if (member.key.text == "folded") {
      EXPECT_TRUE(node.offsets.empty());
      EXPECT_EQ(node.span(0, 1).offset, text.find('>'));
      continue;
    }
    ASSERT_EQ(node.offsets.size(), node.text.size() + 1) << member.key.text;
  }
  const auto at = [&](const char* key, char c) {
    const Node* node = p.root->find(key);
    return node->offsets.at(node->text.find(c));
  };
  EXPECT_EQ(at("plain", 'b'), text.find(" b\n") + 1);
  EXPECT_EQ(at("single", 'y'), text.find("y'"));
  EXPECT_EQ(at("double", '\t'), text.find("\\t"));
  EXPECT_EQ(at("double", 'z'), text.find("z\""));
  EXPECT_EQ(at("block", 't'), text.find("two"));
}

TEST(Yaml, TellsAnEmptyValueFromNull) {
  const Parsed p("a:\nnull: 3\nb: null # no\nc: ~\nd: [null, Null]\ne: { f: , g: null }\n");
  ASSERT_TRUE(p.root) << p.first();
  EXPECT_TRUE(p.root->find("a")->is_empty());
  EXPECT_EQ(p.root->find("null")->text, "3");
  EXPECT_EQ(p.root->find("b")->text, "null");
  EXPECT_EQ(p.root->find("c")->text, "~");
  EXPECT_EQ(p.root->find("d")->items[1].text, "Null");
  EXPECT_TRUE(p.root->find("e")->find("f")->is_empty());
  EXPECT_EQ(p.root->find("e")->find("g")->text, "null");
}

TEST(Yaml, ReadsFilesWithCarriageReturns) {
  const Parsed p("a: x\r\nb: \"y\"\r\nc:\r\n  - z\r\n");
  ASSERT_TRUE(p.root) << p.first();
  EXPECT_EQ(p.root->find("a")->text, "x");
  EXPECT_EQ(p.root->find("b")->text, "y");
  EXPECT_EQ(p.root->find("c")->items[0].text, "z");
}

TEST(Yaml, RefusesBytesThatAreNoText) {
  EXPECT_EQ(Parsed(std::string("a: b\0c\n", 7)).code(), "yaml_bytes");
  EXPECT_EQ(Parsed("a: \x04\nb: hidden\n").code(), "yaml_bytes");
  EXPECT_EQ(Parsed("a: \x1b[31m\n").code(), "yaml_bytes");
  EXPECT_EQ(Parsed("a: b\rc: d\n").code(), "yaml_bytes");
  EXPECT_EQ(Parsed("\xef\xbb\xbf"
                   "a: b\n")
                .code(),
            "yaml_bytes");
  EXPECT_EQ(Parsed("\xff\xfe"
                   "a")
                .code(),
            "yaml_bytes");
  const Parsed bad("a: b\nc: x\xc3\x28y\n");
  EXPECT_EQ(bad.code(), "yaml_bytes");
  EXPECT_EQ(bad.diagnostics.front().position.line, 2);
  EXPECT_EQ(bad.diagnostics.front().position.column, 5);
  EXPECT_EQ(Parsed("a:\tb\n").code(), "yaml_tab");
}

TEST(Yaml, RefusesWhatIsTooLarge) {
  EXPECT_EQ(Parsed(std::string(kMostFileBytes + 1, '#')).code(), "yaml_size");
  EXPECT_EQ(Parsed("a: [" + std::string(60'000, ',') + "]").code(), "yaml_size");
  EXPECT_EQ(Parsed(std::string(65, '[') + std::string(65, ']')).code(), "yaml_depth");
  EXPECT_FALSE(Parsed(std::string(64, '[') + std::string(64, ']')).diagnostics.size());
}

TEST(Yaml, SurvivesDeepNestingOfAnyKind) {
  std::string indented;
  std::string compact;
  for (int i = 0; i < 700; ++i) {
    indented += std::string(static_cast<std::size_t>(i), ' ') + "k:\n";
    compact += "- ";
  }
  EXPECT_EQ(Parsed(indented).code(), "yaml_depth");
  EXPECT_EQ(Parsed(compact + "x").code(), "yaml_depth");
  for (const char* text :
       {"[", "{", "? ", "{a: ", "[[a: ", "- - ? ", "!a ", "&a ", "\"", "'", "|", "a: |\n "}) {
    std::string many;
    while (many.size() < 100'000) many += text;
    const Parsed p(many);
    EXPECT_EQ(p.root.has_value(), p.diagnostics.empty()) << text;
  }
}

TEST(Yaml, AnswersSoonWhateverTheFileHolds) {
  for (const char* text :
       {"[", "{", "a: ", "- ", "a\n", "# x\n", "[,", "{a,", "\"a\" ", "? a\n", "'", "x: y\n"}) {
    std::string many;
    while (many.size() + 16 < kMostFileBytes) many += text;
    const std::clock_t start = std::clock();
    const Parsed p(many);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_LT(seconds, 10.0) << text;
  }
}

TEST(Yaml, OneDocumentWithOrWithoutItsMark) {
  EXPECT_TRUE(Parsed("---\na: b\n").root);
  EXPECT_TRUE(Parsed("---\na: b\n...\n").root);
  EXPECT_EQ(Parsed("a: b\n---\n").code(), "yaml_documents");
  EXPECT_EQ(Parsed("").code(), "yaml_empty");
  EXPECT_EQ(Parsed("\n# nothing\n\n").code(), "yaml_empty");
}

TEST(Yaml, RefusesTextInQuotesThatIsNotClosed) {
  // yaml-cpp takes the rest of the file for the text.
  EXPECT_EQ(Parsed("a: \"x\nb: c\n").code(), "yaml_over_lines");
  EXPECT_EQ(Parsed("a: 'x\nb: c\n").code(), "yaml_over_lines");
  EXPECT_EQ(Parsed("a: \"x").code(), "yaml_syntax");
  EXPECT_EQ(Parsed("a: \"x\\\n  y\"\n").code(), "yaml_over_lines");
}

}  // namespace
}  // namespace tenon::config
