#include "delivery/classify.hpp"

#include "observe/log.hpp"

namespace tenon::delivery {
namespace {

using config::AnswerClass;
using plugin::CallResult;

std::string place_of(const config::ClassRule& rule) {
  return rule.position.file + ":" + std::to_string(rule.position.line);
}

bool fits(const config::ClassRule& rule, RunScope& scope, const std::string& connection,
          const plugin::Answer& answer) {
  if (!rule.connection.empty() && rule.connection != connection) return false;
  if (rule.status && *rule.status != answer.status) return false;
  if (!rule.when) return true;
  scope.set_answer(answer);
  const Result<bool> holds = scope.test(*rule.when);
  if (holds) return *holds;
  log::warn(codes::kClassifyFailed,
            "a rule of classify says neither true nor false of an answer: it is passed over",
            {{"rule", place_of(rule)}, {"why", holds.error().message}});
  return false;
}

void become(CallResult& result, CallResult::Verdict verdict, Cause cause) {
  result.verdict = verdict;
  result.cause = cause;
}

void apply(AnswerClass as, Calls::Kind kind, CallResult& result) {
  using Verdict = CallResult::Verdict;
  switch (as) {
    case AnswerClass::delivered:
      if (kind == Calls::Kind::write) become(result, Verdict::delivered, Cause::none);
      return;
    case AnswerClass::retry:
      return become(result, Verdict::retry, Cause::remote_error);
    case AnswerClass::rejected:
      return become(result, Verdict::rejected, Cause::invalid);
    case AnswerClass::throttled:
      return become(result, Verdict::retry, Cause::throttled);
    case AnswerClass::auth:
      return become(result, Verdict::retry, Cause::auth);
    case AnswerClass::conflict:
      return become(result, Verdict::retry, Cause::conflict);
    case AnswerClass::stale:
      if (kind == Calls::Kind::write) become(result, Verdict::retry, Cause::stale);
      if (kind == Calls::Kind::fetch) become(result, Verdict::gone, Cause::none);
  }
}

}  // namespace

void classify(const std::vector<config::ClassRule>& rules, RunScope& scope, const std::string& connection,
              Calls::Kind kind, const plugin::Answer& answer, CallResult& result) {
  for (const config::ClassRule& rule : rules) {
    if (!fits(rule, scope, connection, answer)) continue;
    result.in_doubt = kind == Calls::Kind::write && answer.status >= 500;
    result.redirected = false;
    apply(rule.as, kind, result);
    std::string said = "HTTP " + std::to_string(answer.status) + ", as " + place_of(rule) + " takes it";
    if (!result.message.empty()) said += ": " + result.message;
    if (result.verdict != CallResult::Verdict::delivered) result.message = std::move(said);
    return;
  }
}

}  // namespace tenon::delivery
