#include "trial/stage.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "trial/bench.hpp"

namespace tenon::trial {
namespace {

runtime::VirtualOptions options_for(const config::Test& test) {
  runtime::VirtualOptions options;
  if (test.now_ms) options.start_wall_ms = *test.now_ms;
  return options;
}

/// `vars` with the members of `others` in it.
Document merged(const Document& vars, Value others) {
  std::vector<Member> members;
  for (const Member& member : vars.root.members()) {
    const Value other = others.get(member.name);
    members.push_back({member.name, other.is_missing() ? member.value : other});
  }
  Document made;
  made.root = copy(Value::object(members), made.arena);
  return made;
}

plugin::CallResult found(std::string data) {
  plugin::CallResult result;
  result.verdict = plugin::CallResult::Verdict::found;
  result.data = std::move(data);
  return result;
}

}  // namespace

std::string Seen::state() const {
  if (event) return event->row.state;
  return answer.find("\"duplicate\":true") != std::string::npos ? "duplicate" : "no event";
}

std::string Seen::reason() const {
  if (!event) return {};
  if (!event->row.reason.empty()) return event->row.reason;
  for (const journal::ActionEnd& action : event->actions) {
    if (name_of(action.end) == event->row.state) return action.reason;
  }
  if (event->row.ended_ms) return {};
  const journal::AttemptRecord* last = nullptr;
  for (const journal::AttemptRecord& attempt : event->attempts) {
    if (last == nullptr || attempt.finished_ms >= last->finished_ms) last = &attempt;
  }
  return last == nullptr ? std::string() : last->reason;
}

Stage::Stage(const config::Config& config, std::shared_ptr<const config::Pipeline> pipeline,
             plugin::Registry& registry, const config::Test& test, mapping::Trace* trace)
    : config_(config),
      trace_(trace),
      pipeline_(std::move(pipeline)),
      runtime_(options_for(test)),
      fetches_(test.fetch),
      network_(config, registry),
      play_(
          [this](const std::string& name, const std::string& arguments) { return fetched(name, arguments); }),
      registry_(registry, pipeline_->trigger_connection, play_) {
  if (test.vars) vars_ = merged(pipeline_->vars, test.vars->root());
  for (const config::RemoteRule& rule : test.remotes) network_.add(rule);
  runtime_.network().on_request(
      [this](const runtime::HttpRequest& request) { return network_.answer(request); });
}

Stage::~Stage() {
  if (host_) {
    bool stopped = false;
    host_->stop(std::chrono::seconds(8), [&] { stopped = true; });
    runtime_.run_until([&] { return stopped; }, std::chrono::minutes(1));
    runtime_.run_until_idle();
  }
  host_.reset();
  tryer_.reset();
  if (journal_) journal_->close();
}

Status Stage::start() {
  config::Config own;
  own.connections = config_.connections;
  own.pipelines = {pipeline_};
  journal_ = journal::open_memory(runtime_, {});
  pipeline::HostOptions options;
  options.delivery.probe = this;
  host_ = std::make_unique<pipeline::Host>(runtime_, std::move(own), registry_, *journal_, options);
  Status status = Error("internal", "the host never said that it had started");
  host_->start([&](Status result) { status = std::move(result); });
  runtime_.run_until_idle();
  TENON_CHECK(status);
  const plugin::ConnectionSpec& source = config_.connections.at(pipeline_->trigger_connection);
  TENON_TRY(tryer_, registry_.make_instance(source, {&runtime_, &runtime_.ingress(), nullptr}));
  return {};
}

void Stage::play(const config::FetchAnswers& answers) {
  for (const auto& [name, answer] : answers) fetches_.insert_or_assign(name, answer);
}

void Stage::on_fetch(const journal::Waiting&, const config::FetchStep& step) { fetching_ = &step; }

void Stage::on_record(const journal::Waiting& event, const config::Action& action, std::string_view record) {
  records_[event.seq][action.name] = record;
}

/// The test's word goes before all; then the network, if the test speaks of it; then the connector's sample.
std::optional<plugin::CallResult> Stage::fetched(const std::string& name, const std::string& arguments) {
  const config::FetchStep* step = std::exchange(fetching_, nullptr);
  const auto said = fetches_.find(step != nullptr ? step->name : name);
  if (said != fetches_.end()) {
    plugin::CallResult result;
    result.verdict = plugin::CallResult::Verdict::gone;
    if (said->second.gone) return result;
    const Value value = said->second.value.root();
    if (!value.is_array()) return found(to_json(value));
    result = found(to_json(value));
    for (const Value item : value.items()) result.items.push_back({"", "", "", to_json(item)});
    return result;
  }
  if (network_.plays(pipeline_->trigger_connection)) return std::nullopt;
  const std::string& connector = config_.connections.at(pipeline_->trigger_connection).connector;
  const plugin::ConnectorManifest& manifest = *registry_.find(connector);
  if (step != nullptr && step->list) {
    const plugin::List* list = manifest.list(name);
    if (list == nullptr || list->sample.empty()) return std::nullopt;
    plugin::CallResult result = found("");
    result.items.push_back({"", "", "", adapted_sample(list->sample, arguments)});
    return result;
  }
  const plugin::Fetch* declared = manifest.fetch(name);
  if (declared == nullptr || declared->sample.empty()) return std::nullopt;
  return found(adapted_sample(declared->sample, arguments));
}

Status Stage::send(const config::Send& wanted) {
  Sent sent;
  if (!wanted.same_as.empty()) {
    sent.request = sent_.at(names_.at(wanted.same_as)).request;
    if (wanted.id) {
      const WebhookMaker maker(*tryer_, now_ms());
      sent.request = maker.request(sent.request.body, *wanted.id, now_ms());
    }
  } else {
    const WebhookMaker maker(*tryer_, now_ms());
    const std::string& type = wanted.sample.empty() ? pipeline_->events.front() : wanted.sample;
    TENON_TRY(const std::string body, maker.body(type, wanted));
    const std::string id = wanted.id.value_or("test_" + std::to_string(sent_.size() + 1));
    sent.request = maker.request(body, id, now_ms());
  }
  deliver(sent);
  if (!wanted.as.empty()) names_[wanted.as] = sent_.size();
  sent_.push_back(std::move(sent));
  return {};
}

/// Delivery is held: a rule that the test sets after the send must hold for the event's first attempt.
void Stage::deliver(Sent& sent) {
  runtime_.hold(runtime_.delivery());
  runtime_.ingress().post([this, &sent] {
    host_->ingress().handle(sent.request, [&sent](ingress::Answer answer) {
      sent.http = answer.status;
      sent.answer = answer.body;
    });
  });
  while (sent.http == 0 && runtime_.step()) {
  }
  runtime_.let_go(runtime_.delivery());
  const auto answer = parse_json(sent.answer);
  const Value accepted = answer ? answer->root.get("accepted") : Value();
  if (!accepted.is_number()) return;
  const bool buried = !answer->root.get("dead_letter").is_missing();
  const auto events = buried ? journal::Seq{1} : static_cast<journal::Seq>(accepted.as_double());
  if (events > 0) sent.seq = next_seq_;
  next_seq_ += events;
}

std::optional<journal::EventDetail> Stage::show(journal::Seq seq) {
  bool answered = false;
  std::optional<journal::EventDetail> detail;
  runtime_.hold(runtime_.delivery());
  journal_->show(std::to_string(seq),
                 {&runtime_.ingress(), [&](Result<std::optional<journal::EventDetail>> got) {
                    if (got) detail = std::move(*got);
                    answered = true;
                  }});
  while (!answered && runtime_.step()) {
  }
  runtime_.let_go(runtime_.delivery());
  return detail;
}

Seen Stage::see(const std::string& name) {
  Seen seen;
  if (sent_.empty()) return seen;
  const Sent& sent = name.empty() ? sent_.back() : sent_.at(names_.at(name));
  seen.http = sent.http;
  seen.answer = sent.answer;
  if (sent.seq == 0) return seen;
  seen.event = show(sent.seq);
  const auto records = records_.find(sent.seq);
  if (records != records_.end()) seen.records = records->second;
  return seen;
}

void Stage::settle() {
  constexpr int kMostSeconds = 60;
  for (int i = 0; i < kMostSeconds; ++i) {
    runtime_.run_until_idle();
    const Seen seen = see("");
    if (!seen.event || seen.state() != "waiting" || seen.event->row.next_ms) return;
    advance(1000);
  }
}

}  // namespace tenon::trial
