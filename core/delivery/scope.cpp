#include "delivery/scope.hpp"

#include <algorithm>
#include <optional>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "event/iso_time.hpp"
#include "mapping/trace.hpp"
#include "runtime/doing.hpp"

namespace tenon::delivery {
namespace {

std::string place_of(const config::Formula& formula) {
  return formula.position.file + ":" + std::to_string(formula.position.line);
}

std::uint64_t seed_of(std::string_view id) {
  const Sha256 digest = sha256(id);
  std::uint64_t seed = 0;
  for (int i = 0; i < 8; ++i) seed = seed << 8U | digest[static_cast<std::size_t>(i)];
  return seed;
}

/// `lines[2].sku` as `lines[].sku`, as templates name their fields.
std::string without_indices(std::string_view field) {
  std::string out;
  bool inside = false;
  for (const char c : field) {
    if (c == ']') inside = false;
    if (!inside) out += c;
    if (c == '[') inside = true;
  }
  return out;
}

/// The use that makes the field, or the one around it; nullopt if none does.
std::optional<mapping::Template::Use> use_of(const mapping::Template& tree, std::string_view field) {
  const std::string wanted = without_indices(field);
  std::optional<mapping::Template::Use> found;
  for (mapping::Template::Use& use : tree.expressions()) {
    const bool around =
        wanted.starts_with(use.field) && (use.field.empty() || wanted.size() == use.field.size() ||
                                          wanted[use.field.size()] == '.' || wanted[use.field.size()] == '[');
    if (around && (!found || use.field.size() > found->field.size())) found = std::move(use);
  }
  return found;
}

/// "customer.email is null": the first step of the path that is no object tells.
std::string kind_along(Value value, const std::vector<std::string>& path) {
  std::string read = path.front();
  for (std::size_t i = 1; i < path.size() && value.is_object(); ++i) {
    value = value.get(path[i]);
    read += "." + path[i];
  }
  return read + " is " + std::string(name_of(value.kind()));
}

}  // namespace

RunScope::RunScope(const config::Pipeline& pipeline, Value connections)
    : pipeline_(pipeline),
      connections_(connections),
      results_(Value::object({})),
      lets_(pipeline.lets.size()),
      vars_(pipeline.vars.root) {}

Status RunScope::set_event(const Event& event) {
  const auto text = [this](std::string_view t) { return Value::string(arena_.copy(t)); };
  TENON_TRY(const Value data, parse_json(event.data, arena_));
  Member* keys = arena_.array<Member>(event.keys.size());
  for (std::size_t i = 0; i < event.keys.size(); ++i) {
    new (keys + i) Member{arena_.copy(event.keys[i].first), text(event.keys[i].second)};
  }
  constexpr std::size_t kMost = 10;
  Member* members = arena_.array<Member>(kMost);
  std::size_t count = 0;
  const auto add = [&](std::string_view name, Value value) { new (members + count++) Member{name, value}; };
  add("id", text(event.id));
  add("type", text(event.type));
  add("key", text(event.key));
  add("keys", Value::object({keys, event.keys.size()}));
  if (event.version) add("version", text(*event.version));
  if (event.time_ms) add("time", text(iso_time(*event.time_ms)));
  add("received_at", text(iso_time(event.received_ms)));
  add("class", Value::string(name_of(event.event_class)));
  add("data", data);
  add("connection", text(event.connection));
  event_ = Value::object({members, count});
  key_ = event.key;
  received_ms_ = event.received_ms;
  seed_ = seed_of(event.id);
  return {};
}

Status RunScope::set_fetched(std::string_view name, std::string_view json) {
  TENON_TRY(const Value value, parse_json(json, arena_));
  fetched_.push_back({name, value});
  return {};
}

Status RunScope::set_listed(std::string_view name, const std::vector<std::string>& items) {
  Value* values = arena_.array<Value>(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    TENON_TRY(const Value value, parse_json(items[i], arena_));
    new (values + i) Value(value);
  }
  fetched_.push_back({name, Value::array({values, items.size()})});
  return {};
}

void RunScope::set_results(const std::vector<std::pair<std::string, std::string>>& ids) {
  Member* members = arena_.array<Member>(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& [action, id] = ids[i];
    Member* fields = arena_.array<Member>(1);
    new (fields) Member{"id", Value::string(arena_.copy(id))};
    new (members + i) Member{arena_.copy(action), Value::object({fields, id.empty() ? 0U : 1U})};
  }
  results_ = Value::object({members, ids.size()});
}

void RunScope::set_answer(const plugin::Answer& answer) {
  const auto text = [this](std::string_view t) { return Value::string(arena_.copy(t)); };
  Member* headers = arena_.array<Member>(answer.headers.size());
  std::size_t count = 0;
  for (const auto& [name, value] : answer.headers) {
    const std::string lower = to_lower(name);
    const bool again =
        std::any_of(headers, headers + count, [&](const Member& one) { return one.name == lower; });
    if (!again) new (headers + count++) Member{arena_.copy(lower), text(value)};
  }
  const auto json = parse_json(answer.body, arena_);
  Member* said = arena_.array<Member>(4);
  new (said) Member{"status", Value::number(static_cast<double>(answer.status))};
  new (said + 1) Member{"headers", Value::object({headers, count})};
  new (said + 2) Member{"text", text(answer.body)};
  if (json) new (said + 3) Member{"json", *json};
  response_ = Value::object({said, json ? 4U : 3U});
  Member* asked = arena_.array<Member>(2);
  new (asked) Member{"method", text(answer.method)};
  new (asked + 1) Member{"url", text(answer.url)};
  request_ = Value::object({asked, 2});
}

void RunScope::clear_fetched() {
  fetched_.clear();
  lets_.assign(lets_.size(), std::nullopt);
}

mapping::Roots RunScope::roots() const {
  mapping::Roots roots;
  roots.add("event", event_);
  for (const Member& fetched : fetched_) roots.add(fetched.name, fetched.value);
  return roots;
}

mapping::Scope RunScope::bindings() {
  mapping::Scope scope;
  scope.set_lazy(this);
  scope.bind("vars", vars_);
  scope.bind("tables", pipeline_.tables.root);
  scope.bind("results", results_);
  if (!response_.is_missing()) {
    scope.bind("response", response_);
    scope.bind("request", request_);
  }
  scope.bind("connections", connections_);
  scope.bind("connection", connections_.get(pipeline_.trigger_connection));
  return scope;
}

mapping::Evaluation RunScope::evaluation() {
  mapping::Evaluation evaluation{arena_, received_ms_, seed_};
  evaluation.trace = trace_;
  return evaluation;
}

RunScope::Made RunScope::make(std::string_view name) {
  std::size_t index = 0;
  while (index < pipeline_.lets.size() && pipeline_.lets[index].name != name) ++index;
  if (index == pipeline_.lets.size()) return {};
  if (lets_[index]) return *lets_[index];
  mapping::Evaluation evaluation = this->evaluation();
  // It stands on the stack of the expression that reads it.
  constexpr std::size_t kLeastDepth = 60;
  evaluation.limits.depth = std::max(kLeastDepth, evaluation.limits.depth >> ++making_);
  const config::Let& let = pipeline_.lets[index];
  if (trace_ != nullptr) trace_->enters(let.name);
  const auto value = let.value.render(roots(), bindings(), evaluation);
  if (trace_ != nullptr) trace_->leaves();
  --making_;
  Made made;
  made.found = true;
  if (value) {
    made.value = *value;
  } else {
    made.code = value.error().error.code;
    made.message = "`$" + let.name + "` (line " + std::to_string(let.position.line) +
                   "): " + value.error().error.message;
  }
  lets_[index] = made;
  return made;
}

Result<Value> RunScope::give(const config::Formula& formula, const char* code) {
  const runtime::Doing doing(pipeline_.name,
                             code == std::string_view("condition_failed") ? "when" : "delivery", number_);
  mapping::Evaluation evaluation = this->evaluation();
  const auto value = formula.tree.render(roots(), bindings(), evaluation);
  if (!value) return Error(code, value.error().text() + reads(formula.tree, ""));
  return *value;
}

Result<bool> RunScope::test(const config::When& when) {
  TENON_TRY(const Value value, give(when, "condition_failed"));
  if (value.is_boolean()) return value.as_boolean();
  return Error("condition_failed", place_of(when) + ": the condition gives " +
                                       std::string(name_of(value.kind())) + ", not true or false" +
                                       origin(when.tree, ""));
}

Result<std::string> RunScope::lane() {
  if (!pipeline_.order_by) return key_;
  TENON_TRY(const Value value, give(*pipeline_.order_by, "order_failed"));
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_number() || value.is_boolean()) return to_json(value);
  return Error("order_failed", place_of(*pipeline_.order_by) + ": delivery.order_by gives " +
                                   std::string(name_of(value.kind())) + ", not a text");
}

Result<config::Priority> RunScope::priority() {
  if (!pipeline_.priority) return config::Priority::normal;
  TENON_TRY(const Value value, give(*pipeline_.priority, "priority_failed"));
  const auto known = value.is_string() ? config::priority_of(value.as_string()) : std::nullopt;
  if (known) return *known;
  return Error("priority_failed",
               place_of(*pipeline_.priority) + ": delivery.priority gives " +
                   (value.is_string() ? "another text" : std::string(name_of(value.kind()))) +
                   ", not high, normal or low");
}

Result<Value> RunScope::render(const mapping::Template& tree) {
  const runtime::Doing doing(pipeline_.name, "mapping", number_);
  mapping::Evaluation evaluation = this->evaluation();
  const auto value = tree.render(roots(), bindings(), evaluation);
  if (!value) return Error("mapping_failed", value.error().text() + reads(tree, value.error().field));
  return *value;
}

std::string RunScope::origin(const mapping::Template& tree, std::string_view field) {
  const auto use = use_of(tree, field);
  if (!use) return {};
  return " (" + pipeline_.file + ":" + std::to_string(use->position.line) + ": `" +
         mapping::on_one_line(use->expression.text()) + "`" + reads(tree, field) + ")";
}

/// ", customer.email is null": what the expression reads, and of which types that is.
std::string RunScope::reads(const mapping::Template& tree, std::string_view field) {
  constexpr std::size_t kMost = 4;
  const auto use = use_of(tree, field);
  if (!use) return {};
  const mapping::Roots known = roots();
  const mapping::Scope bound = bindings();
  std::vector<std::string> told;
  for (const mapping::RootUse& read : use->expression.uses()) {
    if (read.path.empty() || told.size() == kMost) continue;
    const auto root = std::find_if(known.members.begin(), known.members.end(),
                                   [&](const Member& member) { return member.name == read.path.front(); });
    const Value* value = root != known.members.end() ? &root->value : bound.find(read.path.front());
    if (value == nullptr) continue;
    std::string text = kind_along(*value, read.path);
    if (std::find(told.begin(), told.end(), text) == told.end()) told.push_back(std::move(text));
  }
  std::string out;
  for (const std::string& text : told) out += ", " + text;
  return out;
}

std::vector<std::string> RunScope::variable_names() const {
  std::vector<std::string> names = {"vars", "tables", "results", "connection", "connections"};
  for (const config::Let& let : pipeline_.lets) names.push_back(let.name);
  return names;
}

std::string RunScope::fetched_json() const {
  return fetched_.empty() ? std::string() : to_json(Value::object(fetched_));
}

}  // namespace tenon::delivery
