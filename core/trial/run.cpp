#include "trial/run.hpp"

#include <stdexcept>

#include "base/json.hpp"
#include "runtime/local_client.hpp"
#include "trial/stage.hpp"

namespace tenon::trial {
namespace {

std::string count_text(const config::Range& range) {
  const std::string least = std::to_string(range.least);
  return range.least == range.most ? least : least + ".." + std::to_string(range.most);
}

/// Milliseconds as the file writes durations.
std::string duration_text(std::int64_t ms) {
  for (const auto& [unit, factor] : {std::pair{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}) {
    if (ms != 0 && ms % factor == 0) return std::to_string(ms / factor) + unit;
  }
  return ms == 0 ? "0s" : std::to_string(ms) + "ms";
}

/// Compares one expectation with what was seen.
class Judge {
 public:
  Judge(const config::Pipeline& pipeline, Stage& stage, std::vector<Difference>& out)
      : pipeline_(pipeline), stage_(stage), out_(out) {}

  void judge(const config::Expectation& expected) {
    const Seen seen = stage_.see(expected.event);
    if (expected.http && expected.http->value != seen.http)
      add(expected.http->position, "http", std::to_string(expected.http->value), std::to_string(seen.http));
    const std::string state = seen.state();
    if (expected.state && expected.state->value != state &&
        !(expected.state->value == "waiting" && state == "retrying"))
      add(expected.state->position, "state", expected.state->value, with_reason(state, seen.reason()));
    next_in(expected, seen);
    const std::int64_t attempts = seen.event ? seen.event->row.attempts : 0;
    if (expected.attempts && !expected.attempts->value.holds(attempts))
      add(expected.attempts->position, "attempts", count_text(expected.attempts->value),
          std::to_string(attempts));
    for (const auto& [pattern, wanted] : expected.requests) {
      const std::int64_t made = stage_.network().count(pattern);
      if (!wanted.value.holds(made))
        add(wanted.position, "requests.\"" + pattern + "\"", count_text(wanted.value), requests_made(made));
    }
    const config::ActionExpectation& whole = expected.whole;
    ends(whole, state, seen.reason(), "");
    records(whole, first_record(seen), with_reason(state, seen.reason()), "");
    for (const auto& [name, action] : expected.actions) judge_action(name, action, seen);
  }

 private:
  void add(const config::Position& position, std::string path, std::string expected, std::string found) {
    out_.push_back({position, std::move(path), std::move(expected), std::move(found)});
  }

  static std::string with_reason(const std::string& state, const std::string& reason) {
    return reason.empty() ? state : state + ": " + reason;
  }

  /// With what was asked instead, as that is the next question.
  std::string requests_made(std::int64_t made) const {
    std::string all;
    for (const std::string& line : stage_.network().lines()) all += (all.empty() ? "" : ", ") + line;
    return std::to_string(made) + " (in all: " + (all.empty() ? "none" : all) + ")";
  }

  void next_in(const config::Expectation& expected, const Seen& seen) {
    if (!expected.next_in_ms) return;
    const config::Range& wanted = expected.next_in_ms->value;
    const std::string text = wanted.least == wanted.most
                                 ? duration_text(wanted.least)
                                 : duration_text(wanted.least) + ".." + duration_text(wanted.most);
    if (!seen.event || !seen.event->row.next_ms)
      return add(expected.next_in_ms->position, "next_in", text,
                 "no other try: " + with_reason(seen.state(), seen.reason()));
    const std::int64_t in = *seen.event->row.next_ms - stage_.now_ms();
    if (!wanted.holds(in)) add(expected.next_in_ms->position, "next_in", text, duration_text(in));
  }

  void ends(const config::ActionExpectation& expected, const std::string& end, const std::string& reason,
            const std::string& path) {
    if (expected.end && expected.end->value != end)
      add(expected.end->position, path + "end", expected.end->value, with_reason(end, reason));
    if (expected.reason && reason.find(expected.reason->value) == std::string::npos)
      add(expected.reason->position, path + "reason", "a text with \"" + expected.reason->value + "\"",
          reason.empty() ? "nothing" : reason);
  }

  /// `record` is JSON; null if there is none.
  void records(const config::ActionExpectation& expected, const std::string* record,
               const std::string& otherwise, const std::string& path) {
    if (!expected.record && !expected.contains && expected.absent.empty()) return;
    const config::Literal* literal = expected.record     ? &*expected.record
                                     : expected.contains ? &*expected.contains
                                                         : nullptr;
    if (record == nullptr) {
      const config::Position& place =
          literal != nullptr ? literal->position : expected.absent.front().position;
      return add(place, path + "record", literal != nullptr ? to_json(literal->root()) : "a record",
                 "no record: " + otherwise);
    }
    const auto parsed = parse_json(*record, JsonLimits{.members = 1'000'000});
    const Value found = parsed ? parsed->root : Value();
    if (expected.record) compare(*expected.record, found, path + "record", true, out_);
    if (expected.contains) compare(*expected.contains, found, path + "record", false, out_);
    for (const auto& [field, place] : expected.absent) {
      const Value value = part_at(found, field);
      if (!value.is_missing()) add(place, path + "record." + field, "nothing", to_json(value));
    }
  }

  const std::string* first_record(const Seen& seen) const {
    for (const config::Action& action : pipeline_.actions) {
      const auto found = seen.records.find(action.name);
      if (found != seen.records.end()) return &found->second;
    }
    return nullptr;
  }

  void judge_action(const std::string& name, const config::ActionExpectation& expected, const Seen& seen) {
    const std::string path = "actions." + name + ".";
    std::string end = seen.state();
    std::string reason = seen.reason();
    for (const journal::ActionEnd& ended :
         seen.event ? seen.event->actions : std::vector<journal::ActionEnd>()) {
      if (ended.action != name) continue;
      end = name_of(ended.end);
      reason = ended.reason;
    }
    ends(expected, end, reason, path);
    const auto found = seen.records.find(name);
    records(expected, found == seen.records.end() ? nullptr : &found->second, with_reason(end, reason), path);
  }

  const config::Pipeline& pipeline_;
  Stage& stage_;
  std::vector<Difference>& out_;
};

/// Errors: what was to be sent cannot be.
Status run_steps(const config::Test& test, Stage& stage, Judge& judge) {
  for (const config::Step& step : test.steps) {
    switch (step.kind) {
      case config::Step::Kind::send: {
        const Status sent = stage.send(step.send);
        if (!sent)
          return Error("bad_send", step.position.file + ":" + std::to_string(step.position.line) + ": " +
                                       sent.error().message);
        break;
      }
      case config::Step::Kind::remote:
        stage.play(step.remote);
        break;
      case config::Step::Kind::fetch:
        stage.play(step.fetch);
        break;
      case config::Step::Kind::run:
        stage.run_until_idle();
        break;
      case config::Step::Kind::advance:
        stage.advance(step.advance_ms);
        break;
      case config::Step::Kind::expect:
        judge.judge(step.expect);
        break;
    }
  }
  return {};
}

TestReport run_test(const config::Config& config, const std::shared_ptr<const config::Pipeline>& pipeline,
                    plugin::Registry& registry, const config::Test& test, Coverage& coverage) {
  TestReport report;
  report.name = test.name;
  report.position = test.position;
  Stage stage(config, pipeline, registry, test, &coverage);
  const Status started = stage.start();
  if (!started) {
    report.error = started.error().text();
    return report;
  }
  Judge judge(*pipeline, stage, report.differences);
  try {
    if (test.expect) {
      const Status sent = stage.send(test.event);
      if (!sent) {
        report.error = sent.error().message;
        return report;
      }
      stage.settle();
      judge.judge(*test.expect);
    } else if (const Status ran = run_steps(test, stage, judge); !ran) {
      report.error = ran.error().message;
    }
  } catch (const std::logic_error& endless) {
    report.error = endless.what();
  }
  if (!report.ok()) report.unanswered = stage.network().unanswered();
  return report;
}

bool wanted(const std::string& name, const std::string& filter) {
  return name.find(filter) != std::string::npos;
}

}  // namespace

std::vector<PipelineReport> run_tests(const config::Config& config, plugin::Registry& registry,
                                      const std::string& filter, const std::function<void()>& on_test) {
  std::vector<PipelineReport> reports;
  for (const auto& pipeline : config.pipelines) {
    PipelineReport report{pipeline->name, pipeline->file, {}, {}};
    Coverage coverage;
    for (const config::Test& test : pipeline->tests) {
      if (!wanted(pipeline->name, filter) && !wanted(test.name, filter)) continue;
      const std::int64_t began = runtime::steady_now_ms();
      report.tests.push_back(run_test(config, pipeline, registry, test, coverage));
      report.tests.back().took_ms = runtime::steady_now_ms() - began;
      if (on_test) on_test();
    }
    if (report.tests.size() == pipeline->tests.size()) report.coverage = coverage.parts(*pipeline);
    reports.push_back(std::move(report));
  }
  return reports;
}

std::vector<SampleReport> run_samples(const config::Config& config, plugin::Registry& registry,
                                      const std::string& filter, const std::function<void()>& on_sample) {
  std::vector<SampleReport> reports;
  for (const auto& pipeline : config.pipelines) {
    for (const std::string& type : pipeline->events) {
      if (!wanted(pipeline->name, filter) && !wanted(type, filter)) continue;
      SampleReport report{pipeline->name, pipeline->file, type, "", "", {}};
      const config::Test nothing_said;
      Stage stage(config, pipeline, registry, nothing_said, nullptr);
      config::Send send;
      send.sample = type;
      Status status = stage.start();
      if (status) status = stage.send(send);
      if (!status) {
        report.end = "not sent";
        report.reason = status.error().message;
      } else {
        stage.settle();
        Seen seen = stage.see("");
        report.end = seen.state();
        report.reason = seen.reason();
        report.records = std::move(seen.records);
        for (const std::string& line : stage.network().unanswered())
          report.reason += "; nothing answers " + line;
      }
      reports.push_back(std::move(report));
      if (on_sample) on_sample();
    }
  }
  return reports;
}

std::size_t count_tests(const config::Config& config, const std::string& filter) {
  std::size_t count = 0;
  for (const auto& pipeline : config.pipelines) {
    for (const config::Test& test : pipeline->tests)
      count += wanted(pipeline->name, filter) || wanted(test.name, filter) ? 1 : 0;
  }
  return count;
}

std::size_t count_samples(const config::Config& config, const std::string& filter) {
  std::size_t count = 0;
  for (const auto& pipeline : config.pipelines) {
    for (const std::string& type : pipeline->events)
      count += wanted(pipeline->name, filter) || wanted(type, filter) ? 1 : 0;
  }
  return count;
}

}  // namespace tenon::trial
