#include "config/tests_expectations.hpp"

#include <algorithm>

#include "config/language.hpp"
#include "config/literal.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

const KeySet kExpect = key_set(language::kExpect);
const KeySet kExpectStep = key_set(language::kExpectStep);
const KeySet kActionExpect = key_set(language::kActionExpect);
const std::vector<std::string> kEnds = split_words(language::kEnds);
const std::vector<std::string> kStates = split_words(language::kStates);

}  // namespace

Expectation TestExpectations::of_test(const Node& node, const std::string& path) {
  Fields fields(report_, node, path, kExpect);
  return expectation(fields, node, kExpect);
}

Expectation TestExpectations::of_step(const Node& node, const std::string& path,
                                      const std::set<std::string>& sent) {
  Fields fields(report_, node, path, kExpectStep);
  Expectation made = expectation(fields, node, kExpectStep);
  if (!fields.ok()) return made;
  if (const auto event = fields.text("event")) {
    made.event = *event;
    check_sent(*fields.get("event"), fields.path_of("event"), *event, sent, report_);
  }
  return made;
}

Expectation TestExpectations::expectation(Fields& fields, const Node& node, const KeySet& keys) {
  Expectation made;
  made.position = values_.place(node);
  if (!fields.ok()) return made;
  if (node.members.empty()) {
    report_.error(node.at, "missing_key",
                  fields.path() + ": nothing is expected here; known here: " + one_of(keys.known));
  }
  if (const Node* value = fields.get("http")) {
    if (const auto code = values_.status(*value, fields.path_of("http")))
      made.http = {*code, values_.place(*value)};
  }
  if (const Node* value = fields.get("state")) {
    made.state = values_.word(*value, fields.path_of("state"), kStates);
  }
  if (const Node* value = fields.get("next_in"))
    made.next_in_ms = values_.durations(*value, fields.path_of("next_in"));
  if (const Node* value = fields.get("attempts"))
    made.attempts = values_.count(*value, fields.path_of("attempts"));
  if (const Node* value = fields.get("requests")) requests(*value, fields.path_of("requests"), made);
  made.whole = action(fields, node);
  if (const Node* value = fields.get("actions")) actions(*value, fields.path_of("actions"), made);
  return made;
}

ActionExpectation TestExpectations::action(Fields& fields, const Node& node) {
  ActionExpectation made;
  made.position = values_.place(node);
  if (const Node* value = fields.get("record"))
    made.record = read_literal_map(*value, fields.path_of("record"), report_);
  if (const Node* value = fields.get("contains"))
    made.contains = read_literal_map(*value, fields.path_of("contains"), report_);
  if (made.record && made.contains) {
    fields.error(fields.key_span("contains"), "mixed_tests", "contains",
                 "stands beside `record`, which is the whole record already");
  }
  if (const Node* value = fields.get("absent")) {
    if (!value->is_list()) {
      fields.error(value->at, "wrong_type", "absent", "expected a list of fields, found " + found_in(*value));
    }
    for (std::size_t i = 0; i < value->items.size(); ++i) {
      const auto name = text_of(report_, value->items[i], join(fields.path_of("absent"), i));
      if (name) made.absent.push_back({*name, values_.place(value->items[i])});
    }
  }
  if (const Node* value = fields.get("end")) made.end = values_.word(*value, fields.path_of("end"), kEnds);
  if (const Node* value = fields.get("reason")) {
    if (const auto text = fields.text("reason")) made.reason = {*text, values_.place(*value)};
  }
  return made;
}

void TestExpectations::actions(const Node& node, const std::string& path, Expectation& made) {
  if (!node.is_map()) {
    return report_.error(node.at, "wrong_type",
                         path + ": expected a map of actions, found " + found_in(node));
  }
  std::vector<std::string> known;
  for (const Action& action : names_.pipeline.actions) known.push_back(action.name);
  for (const auto& [key, value] : node.members) {
    const std::string here = join(path, key.text);
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      report_.error(key.at, "unknown_key",
                    here + ": there is no action `" + key.text + "`" + suggestion(key.text, known));
      continue;
    }
    Fields fields(report_, value, here, kActionExpect);
    if (fields.ok()) made.actions.emplace(key.text, action(fields, value));
  }
}

void TestExpectations::requests(const Node& node, const std::string& path, Expectation& made) {
  if (!node.is_map()) {
    return report_.error(
        node.at, "wrong_type",
        path + ": expected a map like { \"POST /api/tickets\": 1 }, found " + found_in(node));
  }
  for (const auto& [key, value] : node.members) {
    values_.check_request(key, path);
    if (const auto range = values_.count(value, join(path, "\"" + key.text + "\"")))
      made.requests.emplace_back(key.text, *range);
  }
}

void check_sent(const Node& node, const std::string& path, const std::string& name,
                const std::set<std::string>& sent, Report& report) {
  if (sent.contains(name)) return;
  const std::vector<std::string> known(sent.begin(), sent.end());
  report.error(node.at, "unknown_event",
               path + ": no `send` before this is called `" + name + "`" + suggestion(name, known));
}

}  // namespace tenon::config
