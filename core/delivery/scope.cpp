#include "delivery/scope.hpp"

#include <cstdio>
#include <ctime>

#include "base/digest.hpp"
#include "base/json.hpp"

namespace tenon::delivery {
namespace {

/// ISO 8601, UTC, milliseconds.
std::string iso_time(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(ms % 1000));
  return text;
}

std::uint64_t seed_of(std::string_view id) {
  const Sha256 digest = sha256(id);
  std::uint64_t seed = 0;
  for (int i = 0; i < 8; ++i) seed = seed << 8U | digest[static_cast<std::size_t>(i)];
  return seed;
}

}  // namespace

RunScope::RunScope(const config::Pipeline& pipeline, Value connections)
    : pipeline_(pipeline), connections_(connections) {}

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
  received_ms_ = event.received_ms;
  seed_ = seed_of(event.id);
  return {};
}

Status RunScope::set_fetched(std::string_view name, std::string_view json) {
  TENON_TRY(const Value value, parse_json(json, arena_));
  fetched_.push_back({name, value});
  return {};
}

void RunScope::clear_fetched() { fetched_.clear(); }

mapping::Roots RunScope::roots() const {
  mapping::Roots roots;
  roots.add("event", event_);
  for (const Member& fetched : fetched_) roots.add(fetched.name, fetched.value);
  return roots;
}

mapping::Scope RunScope::bindings() const {
  mapping::Scope scope;
  scope.bind("vars", pipeline_.vars.root);
  scope.bind("connections", connections_);
  scope.bind("connection", connections_.get(pipeline_.trigger_connection));
  return scope;
}

mapping::Evaluation RunScope::evaluation() { return {arena_, received_ms_, seed_}; }

Result<bool> RunScope::test(const config::When& when) {
  mapping::Evaluation evaluation = this->evaluation();
  const auto value = when.tree.render(roots(), bindings(), evaluation);
  const std::string place = when.position.file + ":" + std::to_string(when.position.line);
  if (!value) return Error("condition_failed", value.error().text());
  if (!value->is_boolean()) {
    return Error("condition_failed", place + ": the condition gives " + std::string(name_of(value->kind())) +
                                         ", not true or false");
  }
  return value->as_boolean();
}

Result<Value> RunScope::render(const mapping::Template& tree) {
  mapping::Evaluation evaluation = this->evaluation();
  const auto value = tree.render(roots(), bindings(), evaluation);
  if (!value) return Error("mapping_failed", value.error().text());
  return *value;
}

std::string RunScope::fetched_json() const {
  return fetched_.empty() ? std::string() : to_json(Value::object(fetched_));
}

}  // namespace tenon::delivery
