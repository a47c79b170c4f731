// docs/mapping.md says what is true: each of its examples is evaluated, and gives what stands below it.
#include <gtest/gtest.h>

#include <sstream>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/loader.hpp"
#include "delivery/scope.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::trial {
namespace {

struct Block {
  std::string language;  ///< what stands behind the fence: `jsonata`, `json order`
  std::string text;
  int line = 0;
};

std::vector<Block> blocks() {
  std::istringstream in(config::test::read_text(TENON_SOURCE_DIR "/docs/mapping.md"));
  std::vector<Block> all;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) all.push_back({line.substr(3), "", number});
    } else if (inside) {
      all.back().text += line + "\n";
    }
  }
  return all;
}

/// A shop and a desk that say nothing of the shape of their objects: the page is about the language.
const config::test::ManifestRegistry& registry() {
  static const config::test::ManifestRegistry registry = [] {
    config::test::ManifestRegistry made;
    made.add(R"({
      "name": "page", "version": "1", "abi": { "major": 1, "minor": 0 },
      "connectors": [
        { "name": "shop", "settings": { "type": "object" }, "account": ["shop:x"],
          "events": { "order/created": { "keys": ["order"] } },
          "fetches": {
            "order": { "arguments": { "type": "object" } },
            "customer": { "arguments": { "type": "object" } }
          } },
        { "name": "desk", "settings": { "type": "object" }, "account": ["desk:x"],
          "operations": { "post_note": { "shape": "call", "input": { "type": "object" } } } }
      ] })");
    return made;
  }();
  return registry;
}

/// A shop's order arrives; a note that may hold anything is written.
std::string pipeline_of(const std::string& sections) {
  return R"(tenon: 1
name: example
connections:
  store: { connector: shop, verify: none, i_understand_unauthenticated: true }
  help: { connector: desk }
trigger:
  connection: store
  events: [order/created]
  fetch: { order: { id: "${{ event.keys.order }}" }, customer: { id: "${{ order.customer_id }}" } }
action: { connection: help, operation: post_note }
)" + sections;
}

class Example {
 public:
  explicit Example(const std::string& sections) {
    loaded_ = config::load_text("mapping.md", pipeline_of(sections), {}, registry());
  }
  std::string errors() const { return loaded_.ok() ? "" : config::render_text(loaded_.diagnostics, false); }

  /// The record, or "error " and why.
  Result<Value> record(const std::string& order, const std::string& customer) {
    const config::Pipeline& pipeline = *loaded_.config.pipelines.at(0);
    scope_.emplace(pipeline, Value::object({}));
    Event event;
    event.id = "msg_1";
    event.type = "order/created";
    event.key = "250";
    event.keys = {{"order", "250"}};
    event.data = "{}";
    event.received_ms = 1'767'225'600'000;
    TENON_CHECK(scope_->set_event(event));
    TENON_CHECK(scope_->set_fetched("order", order));
    TENON_CHECK(scope_->set_fetched("customer", customer));
    return scope_->render(pipeline.actions.at(0).mapping);
  }

 private:
  config::Loaded loaded_;
  std::optional<delivery::RunScope> scope_;
};

std::string indented(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) out += "      " + line + "\n";
  return out;
}

TEST(MappingDoc, EachExampleGivesWhatStandsBelowIt) {
  const std::vector<Block> all = blocks();
  std::string order, customer;
  int examples = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Block& block = all[i];
    SCOPED_TRACE("docs/mapping.md:" + std::to_string(block.line));
    if (block.language == "json order") order = block.text;
    if (block.language == "json customer") customer = block.text;
    const bool expression = block.language == "jsonata";
    if (!expression && block.language != "yaml") continue;
    ASSERT_LT(i + 1, all.size());
    const Block& result = all[++i];
    ++examples;
    Example example(expression ? "mapping:\n  value: |-\n    ${{\n" + indented(block.text) + "    }}\n"
                               : block.text);
    ASSERT_EQ(example.errors(), "");
    const auto record = example.record(order, customer);
    if (result.language == "text" && result.text.starts_with("error ")) {
      const std::string code = result.text.substr(6, result.text.size() - 7);
      EXPECT_FALSE(record);
      if (!record) {
        EXPECT_NE(record.error().message.find(code), std::string::npos) << record.error().message;
      }
      continue;
    }
    ASSERT_TRUE(record) << record.error().text();
    const Value value = expression ? record->get("value") : *record;
    if (result.language == "text") {
      EXPECT_EQ(result.text, "missing\n");
      EXPECT_TRUE(value.is_missing()) << to_json(value);
      continue;
    }
    ASSERT_EQ(result.language, "json");
    const auto expected = parse_json(trim(result.text));
    ASSERT_TRUE(expected) << expected.error().text();
    // Digits count: 79.00 is not 79.
    EXPECT_EQ(to_json(value), to_json(expected->root));
  }
  EXPECT_GT(examples, 25) << "the examples were not found";
}

TEST(MappingDoc, AWrongResultWouldShow) {
  Example example("mapping: { total: \"${{ order.total_inc_tax }}\" }\n");
  ASSERT_EQ(example.errors(), "");
  const auto record = example.record(R"({"total_inc_tax":79.00})", "{}");
  ASSERT_TRUE(record);
  EXPECT_EQ(to_json(*record), R"({"total":79.00})");
  EXPECT_NE(to_json(*record), R"({"total":79})");
}

}  // namespace
}  // namespace tenon::trial
