#include "trial/bench.hpp"

#include <algorithm>
#include <optional>

#include "base/json.hpp"
#include "trial/webhook.hpp"

namespace tenon::trial {
namespace {

/// People's documents may be large.
JsonLimits generous() { return {.depth = 100, .members = 1'000'000}; }

std::string text_of(Value value) {
  if (value.is_string()) return std::string(value.as_string());
  return value.is_number() ? to_json(value) : std::string();
}

/// An event as people write one: `data` is needed, the rest has defaults.
Result<Event> written_event(Value document, const std::string& type, const std::string& connection) {
  const Value data = document.get("data");
  if (data.is_missing())
    return Error("bad_event", "neither a webhook of this connector nor an event: there is no `data`");
  Event event;
  event.type = text_of(document.get("type"));
  if (event.type.empty()) event.type = type;
  event.id = text_of(document.get("id"));
  if (event.id.empty()) event.id = "event";
  event.key = text_of(document.get("key"));
  for (const Member& key :
       document.get("keys").is_object() ? document.get("keys").members() : std::span<const Member>())
    event.keys.emplace_back(key.name, text_of(key.value));
  if (event.key.empty() && !event.keys.empty()) event.key = event.keys.front().second;
  if (const std::string version = text_of(document.get("version")); !version.empty()) event.version = version;
  event.data = to_json(data);
  event.connection = connection;
  return event;
}

}  // namespace

std::string adapted_sample(const std::string& sample, const std::string& arguments) {
  const auto object = parse_json(sample, generous());
  const auto asked = parse_json(arguments, generous());
  if (!object || !asked || !object->root.is_object()) return sample;
  std::vector<Member> members;
  for (Member member : object->root.members()) {
    const Value wanted = asked->root.get(member.name);
    const std::string_view text = wanted.is_string() ? wanted.as_string() : std::string_view();
    const bool numeric = !text.empty() && text.size() < 16 && text.front() != '0' &&
                         text.find_first_not_of("0123456789") == std::string_view::npos;
    if (member.value.is_number() && numeric) member.value = Value::number_text(text);
    if (member.value.is_number() && wanted.is_number()) member.value = wanted;
    if (member.value.is_string() && wanted.is_string()) member.value = wanted;
    members.push_back(member);
  }
  return to_json(Value::object(members));
}

Result<std::unique_ptr<Bench>> Bench::of_document(const std::string& json) {
  std::unique_ptr<Bench> made(new Bench());
  TENON_TRY(made->input_, parse_json(json, generous()));
  for (const Member& member :
       made->input_.root.is_object() ? made->input_.root.members() : std::span<const Member>())
    made->roots_.push_back({std::string(member.name), member.value, nullptr});
  return made;
}

Result<std::unique_ptr<Bench>> Bench::of_sample(plugin::Registry& registry, const std::string& type) {
  for (const std::string& name : registry.connectors()) {
    const plugin::ConnectorManifest& manifest = *registry.find(name);
    const plugin::EventType* event = manifest.event(type);
    if (event == nullptr || event->sample.empty()) continue;
    std::string text = "{\"event\":" + event->sample;
    for (const plugin::Fetch& fetch : manifest.fetches) {
      if (!fetch.sample.empty()) text += "," + json_string(fetch.name) + ":" + fetch.sample;
    }
    TENON_TRY(std::unique_ptr<Bench> made, of_document(text + "}"));
    for (BenchRoot& root : made->roots_) {
      const plugin::Fetch* fetch = manifest.fetch(root.name);
      if (fetch != nullptr) root.schema = fetch->answer.get();
    }
    return made;
  }
  return Error("no_sample", "no connector ships a sample of `" + type + "`");
}

Result<std::unique_ptr<Bench>> Bench::of_pipeline(const config::Config& config,
                                                  std::shared_ptr<const config::Pipeline> pipeline,
                                                  plugin::Registry& registry, const BenchInput& input) {
  std::unique_ptr<Bench> made(new Bench());
  made->pipeline_ = std::move(pipeline);
  std::string settings = "{";
  for (const auto& [name, connection] : config.connections) {
    if (settings.size() > 1) settings += ',';
    settings += json_string(name) + ":" + connection.settings;
  }
  TENON_TRY(made->connections_, parse_json(settings + "}", generous()));
  made->scope_ = std::make_unique<delivery::RunScope>(*made->pipeline_, made->connections_.root);
  const plugin::ConnectionSpec& source = config.connections.at(made->pipeline_->trigger_connection);
  runtime::VirtualRuntime runtime;
  TENON_TRY(const auto instance, registry.make_instance(source, {&runtime, &runtime.ingress(), nullptr}));
  const plugin::ConnectorManifest& manifest = *registry.find(source.connector);
  TENON_CHECK(made->put_event(manifest, *instance, input));
  TENON_CHECK(made->put_fetches(manifest, input));
  return made;
}

Status Bench::put_event(const plugin::ConnectorManifest& manifest, plugin::Instance& instance,
                        const BenchInput& input) {
  const std::int64_t now = runtime::VirtualOptions().start_wall_ms;
  const std::string& type = input.sample.empty() ? pipeline_->events.front() : input.sample;
  std::string body = input.document;
  if (body.empty()) {
    TENON_TRY(body, WebhookMaker(instance, now).body(type, {}));
  }
  TENON_TRY(const Document document, parse_json(body, generous()));
  Event event;
  auto events = instance.accept(body, {{"Content-Type", "application/json"}}, now, {});
  if (events && !events->empty()) {
    event = std::move(events->front());
    event.connection = pipeline_->trigger_connection;
    if (event.id.empty()) event.id = "event";
  } else {
    TENON_TRY(event, written_event(document.root, type, pipeline_->trigger_connection));
  }
  event.received_ms = now;
  TENON_CHECK(scope_->set_event(event));
  const plugin::EventType* declared = manifest.event(event.type);
  for (const Member& root : scope_->input()) {
    roots_.push_back({std::string(root.name), root.value, nullptr});
    if (declared != nullptr && declared->schema)
      roots_.push_back({"event.data", root.value.get("data"), declared->schema.get()});
  }
  return {};
}

Status Bench::put_fetches(const plugin::ConnectorManifest& manifest, const BenchInput& input) {
  for (const config::FetchStep& step : pipeline_->fetches) {
    const plugin::Fetch* fetch = step.list ? nullptr : manifest.fetch(step.fetch);
    const plugin::List* list = step.list ? manifest.list(step.fetch) : nullptr;
    const std::string sample = fetch != nullptr ? fetch->sample : list != nullptr ? list->sample : "";
    const Schema* schema = fetch != nullptr  ? fetch->answer.get()
                           : list != nullptr ? list->item.get()
                                             : nullptr;
    std::string answer;
    const auto given = input.fetch.find(step.name);
    if (given != input.fetch.end()) {
      answer = given->second;
    } else if (!sample.empty()) {
      const auto arguments = scope_->render(step.arguments);
      answer = arguments ? adapted_sample(sample, to_json(*arguments)) : sample;
      if (step.list) answer = "[" + answer + "]";
    }
    if (answer.empty() && !step.list) continue;
    const Status put = step.list ? put_list(step.name, answer) : scope_->set_fetched(step.name, answer);
    if (!put) return Error("bad_event", "fetch " + step.name + ": " + put.error().message);
    for (const Member& root : scope_->input()) {
      if (root.name == step.name) roots_.push_back({step.name, root.value, schema});
    }
  }
  return {};
}

Status Bench::put_list(const std::string& name, const std::string& answer) {
  TENON_TRY(const Document document, parse_json(answer.empty() ? "[]" : answer, generous()));
  if (!document.root.is_array()) return Error("bad_event", "a list: expected an array");
  std::vector<std::string> items;
  for (const Value item : document.root.items()) items.push_back(to_json(item));
  return scope_->set_listed(name, items);
}

mapping::Scope Bench::bindings() const {
  mapping::Scope scope = scope_ ? scope_->variables() : mapping::Scope();
  for (const BenchRoot& root : roots_) {
    if (root.name.find('.') == std::string::npos) scope.bind(root.name, root.value);
  }
  for (const auto& [name, document] : bound_) scope.bind(name, document.root);
  return scope;
}

mapping::ParseOptions Bench::options() const {
  mapping::ParseOptions options;
  for (const auto& [name, value] : variables()) options.variables.push_back(name);
  return options;
}

mapping::EvaluationResult Bench::evaluate(const mapping::Expression& expression) {
  expressions_.push_back(expression);
  kept_.emplace_back();
  Arena& arena = kept_.back().arena;
  mapping::Evaluation evaluation{arena, runtime::VirtualOptions().start_wall_ms, 1};
  Value root = input_.root;
  if (scope_) {
    const auto members = scope_->input();
    Member* copied = arena.array<Member>(members.size());
    std::uninitialized_copy(members.begin(), members.end(), copied);
    root = Value::object({copied, members.size()});
  }
  return expression.evaluate(root, bindings(), evaluation);
}

void Bench::bind(const std::string& name, Value value) {
  Document& document = bound_[name];
  Document fresh;
  fresh.root = copy(value, fresh.arena);
  document = std::move(fresh);
}

std::vector<BenchRoot> Bench::roots() const { return roots_; }

std::vector<std::pair<std::string, Value>> Bench::variables() const {
  std::vector<std::pair<std::string, Value>> all;
  const mapping::Scope scope = bindings();
  const auto add = [&](const std::string& name) {
    const bool known =
        std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.first == name; });
    const Value* value = scope.find(name);
    if (!known && value != nullptr) all.emplace_back(name, *value);
  };
  for (const auto& [name, document] : bound_) add(name);
  for (const BenchRoot& root : roots_) add(root.name);
  if (scope_) {
    for (const std::string& name : scope_->variable_names()) add(name);
  }
  return all;
}

}  // namespace tenon::trial
