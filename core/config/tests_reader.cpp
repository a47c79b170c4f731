#include "config/tests_reader.hpp"

#include <algorithm>
#include <set>

#include "config/language.hpp"
#include "config/literal.hpp"
#include "config/scalar.hpp"
#include "config/tests_expectations.hpp"
#include "config/tests_remotes.hpp"
#include "config/tests_values.hpp"
#include "event/event.hpp"

namespace tenon::config {
namespace {

const KeySet kTest = key_set(language::kTest);
const KeySet kGiven = key_set(language::kGiven);
/// A timeline sends its events by steps.
const KeySet kGivenOfSteps = key_set(language::kGivenOfSteps);
const KeySet kEvent = key_set(language::kEvent);
const KeySet kSend = key_set(language::kSend);
const KeySet kSteps = key_set(language::kStep);

class TestsReader {
 public:
  TestsReader(const TestNames& names, Report& report)
      : names_(names),
        report_(report),
        values_(report),
        remotes_(names, report),
        expectations_(names, report) {}

  std::vector<Test> read(const Node& section) {
    if (!section.is_list()) {
      report_.error(section.at, "wrong_type", "tests: expected a list of tests, found " + found_in(section));
      return {};
    }
    std::vector<Test> tests;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < section.items.size(); ++i) {
      const std::string path = join("tests", i);
      tests.push_back(test(section.items[i], path));
      const std::string& name = tests.back().name;
      if (!name.empty() && !seen.insert(name).second) {
        report_.error(section.items[i].find("name")->at, "duplicate",
                      path + ".name: another test has this name");
      }
    }
    return tests;
  }

 private:
  Test test(const Node& node, const std::string& path) {
    Test made;
    made.position = values_.place(node);
    sent_.clear();
    Fields fields(report_, node, path, kTest);
    if (!fields.ok()) return made;
    made.name = fields.need_text("name", "what the test shows, in words").value_or("");
    const Node* expect = fields.get("expect");
    const Node* steps = fields.get("steps");
    if (expect != nullptr && steps != nullptr) {
      fields.error(fields.key_span("expect"), "mixed_tests", "expect",
                   "stands beside `steps`: a timeline has its expectations among its steps");
    } else if (node.find("expect") == nullptr && node.find("steps") == nullptr) {
      fields.error({node.at.offset, 1}, "missing_key", "expect",
                   "is missing: a test has `given` and `expect`, or `steps`");
    }
    made.event.position = made.position;
    if (const Node* section = fields.get("given"))
      given(*section, steps != nullptr, fields.path_of("given"), made);
    if (expect != nullptr) made.expect = expectations_.of_test(*expect, fields.path_of("expect"));
    if (steps != nullptr) read_steps(*steps, fields.path_of("steps"), made);
    return made;
  }

  void given(const Node& node, bool timeline, const std::string& path, Test& made) {
    Fields fields(report_, node, path, timeline ? kGivenOfSteps : kGiven);
    if (!fields.ok()) return;
    if (const Node* fetch = fields.get("fetch"))
      made.fetch = remotes_.fetches(*fetch, fields.path_of("fetch"));
    if (const Node* vars = fields.get("vars")) made.vars = given_vars(*vars, fields.path_of("vars"));
    if (const Node* remote = fields.get("remote"))
      made.remotes = remotes_.remotes(*remote, fields.path_of("remote"));
    if (const Node* now = fields.get("now")) made.now_ms = values_.time(*now, fields.path_of("now"));
    if (timeline) return;
    made.event.position = values_.place(node);
    const Node* event = fields.get("event");
    if (event == nullptr) return read_send(fields, "sample", made.event);
    for (const char* other : {"sample", "keys", "data", "id"}) {
      if (node.find(other) == nullptr) continue;
      fields.error(fields.key_span(other), "mixed_tests", other, "stands beside `event`: it belongs inside");
    }
    Fields inner(report_, *event, fields.path_of("event"), kEvent);
    if (inner.ok()) read_send(inner, "type", made.event);
  }

  std::optional<Literal> given_vars(const Node& node, const std::string& path) {
    auto vars = read_literal_map(node, path, report_);
    if (!vars) return vars;
    std::vector<std::string> known;
    for (const Member& member : names_.pipeline.vars.root.members()) known.emplace_back(member.name);
    for (const NodeMember& member : node.members) {
      if (std::find(known.begin(), known.end(), member.key.text) != known.end()) continue;
      report_.error(member.key.at, "unknown_key",
                    join(path, member.key.text) + ": `vars` has no `" + member.key.text + "`" +
                        suggestion(member.key.text, known));
    }
    return vars;
  }

  // What comes in.

  void read_send(Fields& fields, const char* type_key, Send& made) {
    if (const auto type = fields.text(type_key)) {
      made.sample = *type;
      event_type(*fields.get(type_key), fields.path_of(type_key), *type);
    }
    made.id = fields.text("id");
    if (const Node* keys = fields.get("keys"))
      made.keys = read_literal_map(*keys, fields.path_of("keys"), report_);
    if (const Node* data = fields.get("data"))
      made.data = read_literal_map(*data, fields.path_of("data"), report_);
  }

  void event_type(const Node& node, const std::string& path, const std::string& type) {
    if (names_.source == nullptr) return;
    const plugin::EventType* declared = names_.source->event(type);
    if (declared == nullptr) {
      std::vector<std::string> known;
      for (const plugin::EventType& event : names_.source->events) known.push_back(event.name);
      report_.error(
          node.at, "unknown_event",
          path + ": " + names_.source->name + " has no event type `" + type + "`" + suggestion(type, known));
    } else if (declared->sample.empty()) {
      report_.error(node.at, "no_sample",
                    path + ": " + names_.source->name + " ships no sample of `" + type + "`");
    }
  }

  Send send(const Node& node, const std::string& path) {
    Send made;
    made.position = values_.place(node);
    Fields fields(report_, node, path, kSend);
    if (!fields.ok()) return made;
    made.as = fields.text("as").value_or("");
    made.same_as = fields.text("same_as").value_or("");
    read_send(fields, "sample", made);
    if (!made.same_as.empty()) {
      check_sent(*fields.get("same_as"), fields.path_of("same_as"), made.same_as, sent_, report_);
      for (const char* other : {"sample", "keys", "data"}) {
        if (node.find(other) == nullptr) continue;
        fields.error(fields.key_span(other), "mixed_tests", other,
                     "stands beside `same_as`, which is the same bytes again");
      }
    }
    if (!made.as.empty() && !sent_.insert(made.as).second) {
      fields.error(fields.get("as")->at, "duplicate", "as", "another event of this test has this name");
    }
    return made;
  }

  // Timelines.

  void read_steps(const Node& node, const std::string& path, Test& made) {
    if (!node.is_list() || node.items.empty()) {
      return report_.error(
          node.at, "wrong_type",
          path + ": expected a list of steps, found " + (node.is_list() ? "an empty list" : found_in(node)));
    }
    bool expects = false;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (auto made_step = step(node.items[i], join(path, i))) made.steps.push_back(std::move(*made_step));
      expects = expects || node.items[i].find("expect") != nullptr;
    }
    if (!expects)
      report_.warning(node.at, "no_expectation", path + ": nothing is expected: this test cannot fail");
  }

  std::optional<Step> step(const Node& node, const std::string& path) {
    Fields fields(report_, node, path, kSteps);
    if (!fields.ok()) return std::nullopt;
    if (node.members.size() != 1) {
      report_.error(node.at, "wrong_type",
                    path + ": expected one of " + one_of(kSteps.known) + ", found " +
                        std::to_string(node.members.size()) + " keys");
      return std::nullopt;
    }
    const NodeMember& member = node.members.front();
    const std::string& kind = member.key.text;
    const Node* value = fields.get(kind);
    if (value == nullptr) return std::nullopt;
    const std::string here = join(path, kind);
    Step made;
    made.position = values_.place(node);
    if (kind == "send") {
      made.kind = Step::Kind::send;
      made.send = send(*value, here);
    } else if (kind == "remote") {
      made.kind = Step::Kind::remote;
      made.remote = remotes_.remote(*value, here);
    } else if (kind == "fetch") {
      made.kind = Step::Kind::fetch;
      made.fetch = remotes_.fetches(*value, here);
    } else if (kind == "run") {
      values_.word(*value, here, {"until_idle"});
    } else if (kind == "advance") {
      made.kind = Step::Kind::advance;
      made.advance_ms = fields.duration("advance").value_or(0);
    } else if (kind == "expect") {
      made.kind = Step::Kind::expect;
      made.expect = expectations_.of_step(*value, here, sent_);
    } else {
      return std::nullopt;
    }
    return made;
  }

  const TestNames& names_;
  Report& report_;
  TestValues values_;
  TestRemotes remotes_;
  TestExpectations expectations_;
  std::set<std::string> sent_;  ///< names of the current test's sends so far
};

}  // namespace

std::vector<Test> read_tests(const Node& section, const TestNames& names, Report& report) {
  return TestsReader(names, report).read(section);
}

}  // namespace tenon::config
