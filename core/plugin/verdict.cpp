#include "plugin/verdict.hpp"

namespace tenon::plugin {
namespace {

using Verdict = CallResult::Verdict;

void overrule(CallResult& result, Cause cause, const char* why) {
  result.verdict = Verdict::retry;
  result.cause = cause;
  result.message += result.message.empty() ? why : std::string(" (") + why + ")";
}

}  // namespace

void apply_knowledge(CallResult& result, const RequestsSeen& seen) {
  result.sent = seen.sent();
  if (!seen.no_credential.empty() &&
      (result.verdict == Verdict::retry || result.verdict == Verdict::rejected)) {
    result.verdict = Verdict::retry;
    result.cause = Cause::auth;
    result.message = seen.no_credential;
    return;
  }
  result.redirected = seen.redirected && result.verdict == Verdict::retry;
  const bool in_doubt = seen.effect == Sent::maybe && !seen.answered_after;
  const bool never_left = seen.effect == Sent::no;
  switch (result.verdict) {
    case Verdict::delivered:
      if (in_doubt) overrule(result, Cause::ambiguous, "reported as delivered, but no answer came");
      if (never_left && !seen.answered_after)
        overrule(result, Cause::not_sent, "reported as delivered, but the request never left");
      return;
    case Verdict::retry:
      if (result.cause == Cause::plugin) return;
      if (seen.effect == Sent::maybe) {
        result.cause = Cause::ambiguous;
      } else if (result.cause == Cause::not_sent && seen.effect == Sent::yes) {
        result.cause = Cause::ambiguous;
      } else if (result.cause == Cause::ambiguous && result.sent == Sent::no) {
        result.cause = Cause::not_sent;
      }
      return;
    case Verdict::rejected:
      // A plugin that failed in the middle stays rejected, for a person to look at; `sent` says that it may
      // have had an effect.
      if (in_doubt && result.cause != Cause::plugin)
        overrule(result, Cause::ambiguous, "reported as rejected, but no answer came");
      return;
    default:
      return;
  }
}

}  // namespace tenon::plugin
