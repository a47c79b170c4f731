#include "config/tests_reader.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/language.hpp"
#include "config/literal.hpp"
#include "config/scalar.hpp"
#include "event/event.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::config {
namespace {

const KeySet kTest = key_set(language::kTest);
const KeySet kGiven = key_set(language::kGiven);
/// A timeline sends its events by steps.
const KeySet kGivenOfSteps = key_set(language::kGivenOfSteps);
const KeySet kEvent = key_set(language::kEvent);
const KeySet kSend = key_set(language::kSend);
const KeySet kRemote = key_set(language::kRemote);
const KeySet kAnswer = key_set(language::kAnswer);
const KeySet kExpect = key_set(language::kExpect);
const KeySet kExpectStep = key_set(language::kExpectStep);
const KeySet kActionExpect = key_set(language::kActionExpect);
const KeySet kSteps = key_set(language::kStep);

const std::vector<std::string> kEnds = split_words(language::kEnds);
const std::vector<std::string> kStates = split_words(language::kStates);
const std::vector<std::string> kErrors = split_words(language::kTransportErrors);
constexpr std::int64_t kMost = 1'000'000;

/// "found `x`" for texts, else the kind.
std::string found(const Node& node) { return node.is_text() ? "`" + node.text + "`" : found_in(node); }

class TestsReader {
 public:
  TestsReader(const TestNames& names, Report& report) : names_(names), report_(report) {}

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
  Position place(const Node& node) const { return report_.source().position(node.at.offset); }

  Test test(const Node& node, const std::string& path) {
    Test made;
    made.position = place(node);
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
    if (expect != nullptr) made.expect = expectation(*expect, fields.path_of("expect"), kExpect);
    if (steps != nullptr) read_steps(*steps, fields.path_of("steps"), made);
    return made;
  }

  void given(const Node& node, bool timeline, const std::string& path, Test& made) {
    Fields fields(report_, node, path, timeline ? kGivenOfSteps : kGiven);
    if (!fields.ok()) return;
    if (const Node* fetch = fields.get("fetch")) made.fetch = fetches(*fetch, fields.path_of("fetch"));
    if (const Node* vars = fields.get("vars")) made.vars = given_vars(*vars, fields.path_of("vars"));
    if (const Node* remote = fields.get("remote")) given_remotes(*remote, fields.path_of("remote"), made);
    if (const Node* now = fields.get("now")) made.now_ms = time(*now, fields.path_of("now"));
    if (timeline) return;
    made.event.position = place(node);
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

  void given_remotes(const Node& node, const std::string& path, Test& made) {
    if (!node.is_list()) return made.remotes.push_back(remote(node, path));
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      made.remotes.push_back(remote(node.items[i], join(path, i)));
    }
  }

  std::optional<std::int64_t> time(const Node& node, const std::string& path) {
    const auto parsed = mapping::Expression::parse("$toMillis($)");
    Arena arena;
    mapping::Evaluation evaluation{arena};
    const auto value = parsed->evaluate(Value::string(node.text), {}, evaluation);
    if (node.is_text() && value && value->is_number()) return static_cast<std::int64_t>(value->as_double());
    report_.error(node.at, "wrong_type",
                  path + ": expected a time like \"2026-03-29T00:30:00Z\", found " + found(node));
    return std::nullopt;
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
    made.position = place(node);
    Fields fields(report_, node, path, kSend);
    if (!fields.ok()) return made;
    made.as = fields.text("as").value_or("");
    made.same_as = fields.text("same_as").value_or("");
    read_send(fields, "sample", made);
    if (!made.same_as.empty()) {
      sent_before(*fields.get("same_as"), fields.path_of("same_as"), made.same_as);
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

  void sent_before(const Node& node, const std::string& path, const std::string& name) {
    if (sent_.contains(name)) return;
    const std::vector<std::string> known(sent_.begin(), sent_.end());
    report_.error(node.at, "unknown_event",
                  path + ": no `send` before this is called `" + name + "`" + suggestion(name, known));
  }

  // What remotes answer.

  FetchAnswers fetches(const Node& node, const std::string& path) {
    FetchAnswers made;
    if (!node.is_map()) {
      report_.error(node.at, "wrong_type", path + ": expected a map of names, found " + found_in(node));
      return made;
    }
    std::vector<std::string> known;
    for (const FetchStep& step : names_.pipeline.fetches) known.push_back(step.name);
    for (const auto& [key, value] : node.members) {
      const std::string here = join(path, key.text);
      if (std::find(known.begin(), known.end(), key.text) == known.end()) {
        report_.error(key.at, "unknown_fetch",
                      here + ": `trigger.fetch` has no `" + key.text + "`" + suggestion(key.text, known));
        continue;
      }
      FetchAnswer& answer = made[key.text];
      answer.gone = value.is_text() && value.text == "gone";
      if (!answer.gone && !value.is_map() && !value.is_list()) {
        report_.error(value.is_empty() ? key.at : value.at, "wrong_type",
                      here + ": expected the object that is fetched, or `gone`, found " + found_in(value));
        continue;
      }
      answer.value = read_literal(value, here, report_);
    }
    return made;
  }

  RemoteRule remote(const Node& node, const std::string& path) {
    RemoteRule made;
    made.position = place(node);
    Fields fields(report_, node, path, kRemote);
    if (!fields.ok()) return made;
    if (const auto name = fields.need_text("connection", "the name of a connection")) {
      made.connection = *name;
      if (!names_.connections.contains(*name)) {
        std::vector<std::string> known;
        for (const auto& [other, entry] : names_.connections) known.push_back(other);
        fields.error(fields.get("connection")->at, "unknown_connection", "connection",
                     "there is no connection `" + *name + "` in this file" + suggestion(*name, known));
      }
    }
    if (const auto on = fields.need_text("on", "method and path, as in \"POST /api/tickets\"")) {
      made.on = *on;
      check_pattern(*fields.get("on"), fields.path_of("on"));
    }
    const Node* answers = fields.need("answer", "what the remote says, as in { status: 503 }");
    if (answers == nullptr) return made;
    const std::string answer_path = fields.path_of("answer");
    if (!answers->is_list()) {
      made.answers.push_back(answer(*answers, answer_path));
    } else if (answers->items.empty()) {
      fields.error(answers->at, "wrong_type", "answer", "expected at least one answer, found an empty list");
    } else {
      for (std::size_t i = 0; i < answers->items.size(); ++i) {
        made.answers.push_back(answer(answers->items[i], join(answer_path, i)));
      }
    }
    return made;
  }

  void check_pattern(const Node& node, const std::string& path) {
    const auto blank = node.text.find(' ');
    const bool method = blank != std::string::npos && blank > 0 &&
                        node.text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == blank;
    if (method && node.text.compare(blank + 1, 1, "/") == 0 &&
        node.text.find_first_of(" ?", blank + 1) == std::string::npos)
      return;
    report_.error(node.at, "wrong_type",
                  path +
                      ": expected a method and a path without its query, as in \"POST /api/tickets\" or "
                      "\"PUT /api/customers/*\", found " +
                      found(node));
  }

  RemoteAnswer answer(const Node& node, const std::string& path) {
    RemoteAnswer made;
    if (node.is_text()) {
      made.status = status(node, path).value_or(200);
      return made;
    }
    Fields fields(report_, node, path, kAnswer);
    if (!fields.ok()) return made;
    if (const Node* value = fields.get("status"))
      made.status = status(*value, fields.path_of("status")).value_or(200);
    if (const Node* headers = fields.get("headers"))
      answer_headers(*headers, fields.path_of("headers"), made);
    if (const Node* body = fields.get("body")) {
      const Literal literal = read_literal(*body, fields.path_of("body"), report_);
      const Value value = literal.root();
      made.body = value.is_string() ? std::string(value.as_string()) : to_json(value);
    }
    if (node.find("after") != nullptr) made.after_ms = fields.duration("after").value_or(0);
    if (const auto error = fields.text("error")) {
      made.error = *error;
      if (std::find(kErrors.begin(), kErrors.end(), *error) == kErrors.end()) {
        fields.error(
            fields.get("error")->at, "wrong_type", "error",
            "expected " + one_of(kErrors) + ", found `" + *error + "`" + suggestion(*error, kErrors));
      }
    }
    return made;
  }

  std::optional<int> status(const Node& node, const std::string& path) {
    const auto number = whole_number(node);
    if (number && *number >= 200 && *number <= 599) return static_cast<int>(*number);
    report_.error(node.at, "wrong_type",
                  path + ": expected an HTTP status from 200 to 599, found " + found(node));
    return std::nullopt;
  }

  void answer_headers(const Node& node, const std::string& path, RemoteAnswer& made) {
    const auto literal = read_literal_map(node, path, report_);
    if (!literal) return;
    for (const Member& member : literal->root().members()) {
      const Value value = member.value;
      if (value.is_array() || value.is_object()) {
        report_.error(
            node.find(member.name)->at, "wrong_type",
            join(path, member.name) + ": expected text, found " + found_in(*node.find(member.name)));
        continue;
      }
      made.headers.emplace_back(member.name,
                                value.is_string() ? std::string(value.as_string()) : to_json(value));
    }
  }

  // What is expected.

  Expectation expectation(const Node& node, const std::string& path, const KeySet& keys) {
    Expectation made;
    made.position = place(node);
    Fields fields(report_, node, path, keys);
    if (!fields.ok()) return made;
    if (node.members.empty()) {
      report_.error(node.at, "missing_key",
                    path + ": nothing is expected here; known here: " + one_of(keys.known));
    }
    if (const auto event = fields.text("event")) {
      made.event = *event;
      sent_before(*fields.get("event"), fields.path_of("event"), *event);
    }
    if (const Node* value = fields.get("http")) {
      if (const auto code = status(*value, fields.path_of("http"))) made.http = {*code, place(*value)};
    }
    if (const Node* value = fields.get("state")) {
      made.state = word(*value, fields.path_of("state"), kStates);
    }
    if (const Node* value = fields.get("next_in"))
      made.next_in_ms = durations(*value, fields.path_of("next_in"));
    if (const Node* value = fields.get("attempts")) made.attempts = count(*value, fields.path_of("attempts"));
    if (const Node* value = fields.get("requests")) requests(*value, fields.path_of("requests"), made);
    made.whole = action(fields, node);
    if (const Node* value = fields.get("actions")) actions(*value, fields.path_of("actions"), made);
    return made;
  }

  ActionExpectation action(Fields& fields, const Node& node) {
    ActionExpectation made;
    made.position = place(node);
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
        fields.error(value->at, "wrong_type", "absent",
                     "expected a list of fields, found " + found_in(*value));
      }
      for (std::size_t i = 0; i < value->items.size(); ++i) {
        const auto name = text_of(report_, value->items[i], join(fields.path_of("absent"), i));
        if (name) made.absent.push_back({*name, place(value->items[i])});
      }
    }
    if (const Node* value = fields.get("end")) made.end = word(*value, fields.path_of("end"), kEnds);
    if (const Node* value = fields.get("reason")) {
      if (const auto text = fields.text("reason")) made.reason = {*text, place(*value)};
    }
    return made;
  }

  void actions(const Node& node, const std::string& path, Expectation& made) {
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

  void requests(const Node& node, const std::string& path, Expectation& made) {
    if (!node.is_map()) {
      return report_.error(
          node.at, "wrong_type",
          path + ": expected a map like { \"POST /api/tickets\": 1 }, found " + found_in(node));
    }
    for (const auto& [key, value] : node.members) {
      check_pattern(key, path);
      if (const auto range = count(value, join(path, "\"" + key.text + "\"")))
        made.requests.emplace_back(key.text, *range);
    }
  }

  std::optional<Placed<std::string>> word(const Node& node, const std::string& path,
                                          const std::vector<std::string>& words) {
    if (node.is_text() && std::find(words.begin(), words.end(), node.text) != words.end()) {
      return Placed<std::string>{node.text, place(node)};
    }
    report_.error(
        node.at, "wrong_type",
        path + ": expected " + one_of(words) + ", found " + found(node) + suggestion(node.text, words));
    return std::nullopt;
  }

  static std::string one_of(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
      out += "`" + words[i] + "`";
    }
    return out;
  }

  static std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number < 0 || number > kMost)
      return std::nullopt;
    return number;
  }
  static std::optional<std::int64_t> whole_number(const Node& node) {
    return node.is_text() ? whole_number(std::string_view(node.text)) : std::nullopt;
  }

  /// `one`, or `least..most`; `parse` reads one end.
  template <class Parse>
  std::optional<Placed<Range>> range(const Node& node, const std::string& path, const char* expected,
                                     Parse&& parse) {
    if (node.is_text()) {
      const std::string_view text = node.text;
      const auto dots = text.find("..");
      const auto least = parse(trim(text.substr(0, dots)));
      const auto most = dots == std::string_view::npos ? least : parse(trim(text.substr(dots + 2)));
      if (least && most && *least <= *most) return Placed<Range>{{*least, *most}, place(node)};
    }
    report_.error(node.at, "wrong_type", path + ": expected " + expected + ", found " + found(node));
    return std::nullopt;
  }

  std::optional<Placed<Range>> durations(const Node& node, const std::string& path) {
    return range(node, path, "a duration or a range of them, like 7s..9s",
                 [](std::string_view text) { return parse_duration(text); });
  }
  std::optional<Placed<Range>> count(const Node& node, const std::string& path) {
    return range(node, path, "a whole number or a range, like 1..3",
                 [](std::string_view text) { return whole_number(text); });
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
    made.position = place(node);
    if (kind == "send") {
      made.kind = Step::Kind::send;
      made.send = send(*value, here);
    } else if (kind == "remote") {
      made.kind = Step::Kind::remote;
      made.remote = remote(*value, here);
    } else if (kind == "fetch") {
      made.kind = Step::Kind::fetch;
      made.fetch = fetches(*value, here);
    } else if (kind == "run") {
      word(*value, here, {"until_idle"});
    } else if (kind == "advance") {
      made.kind = Step::Kind::advance;
      made.advance_ms = fields.duration("advance").value_or(0);
    } else if (kind == "expect") {
      made.kind = Step::Kind::expect;
      made.expect = expectation(*value, here, kExpectStep);
    } else {
      return std::nullopt;
    }
    return made;
  }

  const TestNames& names_;
  Report& report_;
  std::set<std::string> sent_;  ///< names of the current test's sends so far
};

}  // namespace

std::vector<Test> read_tests(const Node& section, const TestNames& names, Report& report) {
  return TestsReader(names, report).read(section);
}

}  // namespace tenon::config
