// What the host knows of a call's requests, and how that beats what the plugin says.
#pragma once

#include <optional>
#include <string>

#include "event/outcome.hpp"
#include "plugin/instance.hpp"

namespace tenon::plugin {

/// By the transport.
struct RequestsSeen {
  std::optional<Sent> effect;  ///< of the non-idempotent request, if one was made
  std::optional<Sent> last;    ///< of the last request
  bool answered_after =
      false;  ///< a later request got an answer: the plugin may have looked what became of the effect
  bool redirected = false;         ///< the last answer was a redirection, which is not followed
  std::string no_credential = {};  ///< why the host had none to send; empty: it had one
  /// Of the effect, else of the last request, else no.
  Sent sent() const { return effect ? *effect : last.value_or(Sent::no); }
};

/// Sets `result.sent` and takes back what the plugin cannot know: that an effect did not happen when bytes
/// left, that one did when no answer came, that a request is in doubt when it never left.
void apply_knowledge(CallResult& result, const RequestsSeen& seen);

}  // namespace tenon::plugin
