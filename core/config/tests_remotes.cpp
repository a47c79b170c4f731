#include "config/tests_remotes.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "config/language.hpp"
#include "config/literal.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

const KeySet kRemote = key_set(language::kRemote);
const KeySet kAnswer = key_set(language::kAnswer);
const std::vector<std::string> kErrors = split_words(language::kTransportErrors);

}  // namespace

FetchAnswers TestRemotes::fetches(const Node& node, const std::string& path) {
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

std::vector<RemoteRule> TestRemotes::remotes(const Node& node, const std::string& path) {
  std::vector<RemoteRule> made;
  if (!node.is_list()) {
    made.push_back(remote(node, path));
    return made;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) made.push_back(remote(node.items[i], join(path, i)));
  return made;
}

RemoteRule TestRemotes::remote(const Node& node, const std::string& path) {
  RemoteRule made;
  made.position = values_.place(node);
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
    values_.check_request(*fields.get("on"), fields.path_of("on"));
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

RemoteAnswer TestRemotes::answer(const Node& node, const std::string& path) {
  RemoteAnswer made;
  if (node.is_text()) {
    made.status = values_.status(node, path).value_or(200);
    return made;
  }
  Fields fields(report_, node, path, kAnswer);
  if (!fields.ok()) return made;
  if (const Node* value = fields.get("status"))
    made.status = values_.status(*value, fields.path_of("status")).value_or(200);
  if (const Node* headers = fields.get("headers")) answer_headers(*headers, fields.path_of("headers"), made);
  if (const Node* body = fields.get("body")) {
    const Literal literal = read_literal(*body, fields.path_of("body"), report_);
    const Value value = literal.root();
    made.body = value.is_string() ? std::string(value.as_string()) : to_json(value);
  }
  if (node.find("after") != nullptr) made.after_ms = fields.duration("after").value_or(0);
  if (const auto error = fields.text("error")) {
    made.error = *error;
    if (std::find(kErrors.begin(), kErrors.end(), *error) == kErrors.end()) {
      fields.error(fields.get("error")->at, "wrong_type", "error",
                   "expected " + one_of(kErrors) + ", found `" + *error + "`" + suggestion(*error, kErrors));
    }
  }
  return made;
}

void TestRemotes::answer_headers(const Node& node, const std::string& path, RemoteAnswer& made) {
  const auto literal = read_literal_map(node, path, report_);
  if (!literal) return;
  for (const Member& member : literal->root().members()) {
    const Value value = member.value;
    if (value.is_array() || value.is_object()) {
      report_.error(node.find(member.name)->at, "wrong_type",
                    join(path, member.name) + ": expected text, found " + found_in(*node.find(member.name)));
      continue;
    }
    made.headers.emplace_back(member.name,
                              value.is_string() ? std::string(value.as_string()) : to_json(value));
  }
}

}  // namespace tenon::config
