#include "app/reload.hpp"

#include <signal.h>
#include <unistd.h>

#include <future>
#include <map>

#include "base/json.hpp"
#include "observe/log.hpp"

namespace tenon::app {
namespace {

using Change = pipeline::Host::Change;

/// Waits for an answer of the other threads; none comes once the store has failed.
template <class T>
Result<T> wait_for(std::future<Result<T>>& answer, const std::atomic<bool>& failed) {
  while (answer.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    if (failed) return Error("store_failed", "the journal failed");
  }
  return answer.get();
}

std::string_view word_of(Change::Kind kind) {
  constexpr std::string_view kWords[] = {"added", "changed", "removed", "unchanged"};
  return kWords[static_cast<std::size_t>(kind)];
}

/// What a change means for events that are there already.
std::string work_of(const Change& change, std::uint64_t waiting) {
  const std::string under_way = std::to_string(change.running) + " under way";
  const std::uint64_t rest = waiting - std::min<std::uint64_t>(waiting, change.running);
  switch (change.kind) {
    case Change::Kind::unchanged:
      return "";
    case Change::Kind::added:
      return rest == 0 ? "" : std::to_string(rest) + " from before are delivered";
    case Change::Kind::removed:
      return under_way + " end; " + std::to_string(rest) +
             " waiting are kept until a pipeline of that name comes back";
    case Change::Kind::changed:
      break;
  }
  std::string text = under_way + " end under the old version; " + std::to_string(rest) +
                     " waiting, and what is tried again, run under the new one";
  if (change.regroups) text += ", in the lanes of the new order_by, once nothing is under way";
  return text;
}

void append_change(std::string& out, const Change& change, std::uint64_t waiting) {
  const auto text = [&out](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (out.back() != '{') out += ',';
    out.append("\"").append(name).append("\":");
    append_json_string(out, value);
  };
  out += '{';
  text("name", change.pipeline);
  text("change", word_of(change.kind));
  text("version", change.version);
  text("was", change.was);
  if (!change.connections.empty()) {
    out += ",\"connections\":[";
    for (const std::string& name : change.connections) {
      if (out.back() != '[') out += ',';
      append_json_string(out, name);
    }
    out += ']';
  }
  out += ",\"waiting\":" + std::to_string(waiting) + ",\"running\":" + std::to_string(change.running);
  text("work", work_of(change, waiting));
  out += '}';
}

}  // namespace

void Reload::ask(ingress::Request request, ingress::Respond respond) {
  push({std::move(request.body), std::move(respond), {}});
}

void Reload::read_definition(std::string path, DefinitionRead done) {
  push({std::move(path), {}, std::move(done)});
}

void Reload::push(Asked asked) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(asked));
  }
  kill(getpid(), SIGUSR1);
}

void Reload::answer_asked() {
  for (;;) {
    Asked next;
    {
      const std::lock_guard lock(mutex_);
      if (asked_.empty()) return;
      next = std::move(asked_.front());
      asked_.pop_front();
    }
    if (next.read) {
      runtime_.ingress().post([read = std::move(next.read), definition = definition_in(next.body)]() mutable {
        read(std::move(definition));
      });
      continue;
    }
    Outcome outcome = answer_to(next.body);
    runtime_.ingress().post([respond = std::move(next.respond), outcome = std::move(outcome)] {
      respond(ingress::json_answer(outcome.status, outcome.body));
    });
  }
}

admin::AdminOptions::Definition Reload::definition_in(const std::string& path) const {
  admin::AdminOptions::Definition definition;
  DefinitionSources sources = sources_;
  sources.pipelines = {path};
  auto loaded = read_pipelines(sources, registry_);
  if (!loaded) {
    definition.text = loaded.error().message + "\n";
    return definition;
  }
  definition.text = config::render_text(loaded->diagnostics, false);
  definition.diagnostics = config::render_json(loaded->diagnostics);
  if (loaded->ok()) definition.config = std::make_shared<const config::Config>(std::move(loaded->config));
  return definition;
}

void Reload::read_anew() {
  const Outcome outcome = apply({}, false);
  if (!outcome.fault.empty()) {
    log::error(codes::kReloadRefused, "the pipelines were not reloaded; those that run stay",
               {{"error", outcome.fault}});
  } else {
    log::info("pipelines reloaded", {{"changed", outcome.changed}});
  }
}

/// {"paths": ["/a/b.yaml"], "plan": true}
Reload::Outcome Reload::answer_to(const std::string& body) {
  const auto parsed = parse_json(body);
  std::vector<std::string> paths;
  bool good = parsed && parsed->root.is_object();
  if (good && parsed->root.get("paths").is_array()) {
    for (const Value path : parsed->root.get("paths").items()) {
      good = good && path.is_string();
      if (good) paths.emplace_back(path.as_string());
    }
  }
  if (!good) return {400, R"({"error":"bad_parameter","parameter":"paths"})", "", false};
  const Value plan = parsed->root.get("plan");
  return apply(paths, plan.is_boolean() && plan.as_boolean());
}

Reload::Outcome Reload::apply(const std::vector<std::string>& more, bool plan) {
  const auto refused = [](const std::string& text, const std::string& diagnostics) {
    Outcome outcome;
    outcome.status = 400;
    outcome.fault = text;
    outcome.body = "{\"error\":\"reload_refused\",\"text\":" + json_string(text) + diagnostics + "}";
    return outcome;
  };
  DefinitionSources sources = sources_;
  sources.pipelines.insert(sources.pipelines.end(), more.begin(), more.end());
  auto loaded = read_pipelines(sources, registry_);
  if (!loaded) return refused(loaded.error().message + "\n", "");
  const std::string text = config::render_text(loaded->diagnostics, false);
  const std::string diagnostics = ",\"diagnostics\":" + config::render_json(loaded->diagnostics);
  if (!loaded->ok()) return refused(text, diagnostics);

  std::promise<Result<journal::Overview>> overviewed;
  auto overview_answer = overviewed.get_future();
  journal_.overview(
      {&runtime_.ingress(), [&](Result<journal::Overview> got) { overviewed.set_value(std::move(got)); }});
  const auto overview = wait_for(overview_answer, failed_);
  if (!overview) return refused(overview.error().message + "\n", "");
  std::map<std::string, std::uint64_t> waiting;
  for (const auto& backlog : overview->backlog) waiting[backlog.pipeline] = backlog.waiting;

  std::promise<Result<pipeline::Host::Changes>> applied;
  auto applied_answer = applied.get_future();
  host_.apply(std::move(loaded->config), plan,
              [&](Result<pipeline::Host::Changes> changes) { applied.set_value(std::move(changes)); });
  const auto changes = wait_for(applied_answer, failed_);
  if (!changes) return refused(changes.error().text() + "\n", "");
  if (!plan) sources_ = std::move(sources);

  Outcome outcome;
  outcome.body = std::string("{\"applied\":") + (plan ? "false" : "true") + ",\"pipelines\":[";
  for (const Change& change : *changes) {
    if (outcome.body.back() != '[') outcome.body += ',';
    append_change(outcome.body, change, waiting[change.pipeline]);
    outcome.changed = outcome.changed || change.kind != Change::Kind::unchanged;
  }
  outcome.body += "],\"warnings\":" + json_string(text) + "}";
  return outcome;
}

}  // namespace tenon::app
