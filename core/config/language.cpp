#include "config/language.hpp"

#include <algorithm>

namespace tenon::config {

const Key* Section::find(std::string_view key) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

KeySet key_set(const Section& section) {
  KeySet set;
  for (const Key& key : section.keys) {
    auto& list = key.stage == Key::Stage::now         ? set.known
                 : key.stage == Key::Stage::not_built ? set.later
                                                      : set.reserved;
    list.emplace_back(key.name);
  }
  return set;
}

std::vector<std::string> split_words(std::string_view words) {
  std::vector<std::string> out;
  while (!words.empty()) {
    const auto bar = std::min(words.find('|'), words.size());
    out.emplace_back(words.substr(0, bar));
    words.remove_prefix(std::min(bar + 1, words.size()));
  }
  return out;
}

namespace language {
namespace {

using F = Key::Form;
constexpr bool kNeeded = true;
constexpr Key::Stage kNotBuilt = Key::Stage::not_built;

constexpr Key key(std::string_view name, F form, std::string_view doc, bool required = false) {
  return {name, form, doc, required, nullptr, {}, 0, 0, Key::Stage::now};
}
constexpr Key key(std::string_view name, F form, const Section& section, std::string_view doc,
                  bool required = false) {
  return {name, form, doc, required, &section, {}, 0, 0, Key::Stage::now};
}
constexpr Key words(std::string_view name, std::string_view list, std::string_view doc) {
  return {name, F::word, doc, false, nullptr, list, 0, 0, Key::Stage::now};
}
constexpr Key refused(std::string_view name, Key::Stage stage = kNotBuilt) {
  return {name, F::anything, {}, false, nullptr, {}, 0, 0, stage};
}

constexpr Key kVersion = key("tenon", F::version, "The version of the language: 1.", kNeeded);

constexpr Key kPipelineKeys[] = {
    kVersion,
    key("name", F::name, "The pipeline's name, unique on a host. Attempts and create ids hang on it.",
        kNeeded),
    key("use", F::texts, "Files beside this one that hold only `connections:`."),
    key("connections", F::named, kConnection, "Accounts: credentials and budget belong to one."),
    key("vars", F::map, "Values for expressions as `$vars.name`; may hold `${NAME}`, no secrets."),
    key("tables", F::tables, kTableFile, "Lookup tables for expressions as `$tables.name`."),
    key("let", F::map, "Named expressions, read as `$name`: lazy, once per event."),
    key("trigger", F::section, kTrigger, "Where events come from.", kNeeded),
    key("mapping", F::map, "The record that `action` writes; `${{ }}` holds JSONata."),
    key("action", F::section, kShortAction, "The one action, short for `actions: { main: … }`."),
    key("actions", F::named, kAction, "What is written, by stable names: applied versions hang on the name."),
    key("delivery", F::section, kDelivery, "Order, priority, retries and what ends an event."),
    key("tests", F::sections, kTest, "Run by `tenon test`."),
    refused("reconcile"),
    key("classify", F::sections, kClassRule, "What answers of remotes mean; the first rule that fits holds."),
    words("mode", "live|shadow", "`shadow` reads, maps and searches, and records what it would write."),
    refused("tenants", Key::Stage::reserved),
};

constexpr Key kConnectionsFileKeys[] = {
    {"tenon", F::version, "The version of the language: 1.", false, nullptr, {}, 0, 0, Key::Stage::now},
    key("connections", F::named, kConnection, "Accounts that pipelines take by `use:`.", kNeeded),
};

constexpr Key kConnectionKeys[] = {
    key("connector", F::text, "The connector's name; `tenon plugins list` shows them.", kNeeded),
    key("verify", F::verify, kVerifyInFull,
        "How webhooks are verified: `none`, or required, if_present or off for each scheme."),
    key("allow_private", F::boolean, "Requests may go to private and loopback addresses."),
    key("i_understand_unauthenticated", F::boolean,
        "Needed beside `verify: none`: whoever finds the address sends events."),
    key("oauth2", F::section, kOAuth2,
        "Access tokens by OAuth 2.0; `tenon auth login` gets the first, the host renews them."),
    refused("budget"),
    refused("version", Key::Stage::reserved),
};

constexpr Key kOAuth2Keys[] = {
    key("client_id", F::text, "The app's id, as its provider shows it.", kNeeded),
    key("client_secret", F::text, "The app's secret, a `${NAME}`; none for a public client."),
    key("scopes", F::texts, "What is asked for, in place of the connector's own list."),
    key("authorize_url", F::text, "Where a person consents, in place of the connector's own."),
    key("token_url", F::text, "Where tokens are issued, in place of the connector's own."),
    words("client_auth", "basic|body",
          "How id and secret travel, in place of the connector's own: as Basic credentials or in the body."),
};

constexpr Key kVerifyInFullKeys[] = {
    words("mode", "required|if_present|off", "Whether a request must, may or need not be signed so."),
    key("old", F::texts, "Up to three earlier secrets that still hold, each a `${NAME}`."),
};

constexpr Key kTableFileKeys[] = {
    key("csv", F::text, "A CSV file beside this one; its first line names the columns.", kNeeded),
    key("key", F::text, "The column whose values are the keys.", kNeeded),
};

constexpr Key kTriggerKeys[] = {
    key("connection", F::text, "The connection whose webhooks trigger.", kNeeded),
    key("events", F::texts, "Event types; `tenon plugins show` lists a connector's.", kNeeded),
    key("when", F::expression, "Strictly true or false, of `event` only; false ends as skipped."),
    key("fetch", F::steps, kListStep, "Named reads after the claim, in order, each seeing the earlier ones."),
};

constexpr Key kListStepKeys[] = {
    key("list", F::text, "The connector's list to read.", kNeeded),
    key("query", F::map, "What the list is asked for."),
};

constexpr Key kShortActionKeys[] = {
    key("connection", F::text, "The connection that is written to.", kNeeded),
    key("operation", F::text, "The connector's operation; `tenon plugins show` lists them.", kNeeded),
    key("needs", F::texts, "Actions that must be delivered first; results as `$results.name`."),
    key("when", F::expression, "Strictly true or false; false ends the action as skipped."),
};

constexpr Key kActionKeys[] = {
    kShortActionKeys[0],
    kShortActionKeys[1],
    kShortActionKeys[2],
    kShortActionKeys[3],
    key("mapping", F::map, "The record that is written; `${{ }}` holds JSONata.", kNeeded),
};

constexpr Key kClassRuleKeys[] = {
    key("connection", F::text, "Answers of this connection's remote only."),
    key("status", F::status, "Answers with this HTTP status only."),
    key("when", F::expression, "Strictly true or false, of `$response`, `$request` and `event`."),
    {"as", F::word, "What such an answer means.", kNeeded, nullptr, kAnswerClasses, 0, 0, Key::Stage::now},
};

constexpr Key kDeliveryKeys[] = {
    key("order_by", F::expression, "Events of one value run one after the other; `event.key` unless said."),
    key("priority", F::expression, "`high`, `normal` or `low`, or an expression that gives one."),
    key("retry", F::section, kRetry, "How long it is tried again."),
    words("on_exhausted", "skip_and_mark_dirty|block_key",
          "What a dead letter means for the next events of its key."),
    words("on_gone", "skip|reject", "What follows when the fetched object is gone."),
};

constexpr Key kRetryKeys[] = {
    key("for", F::duration, "Retries end at this age of the event; 72h unless said."),
    {"attempts",
     F::whole,
     "Retries end after so many answers.",
     false,
     nullptr,
     {},
     1,
     1'000'000,
     Key::Stage::now},
};

constexpr Key kTestKeys[] = {
    key("name", F::text, "What the test shows, in words.", kNeeded),
    key("given", F::section, kGiven, "The event, and what remotes answer."),
    key("expect", F::section, kExpect, "What must come out."),
    key("steps", F::sections, kStep, "A timeline, instead of `expect`."),
};

constexpr Key kFetchAnswers = key("fetch", F::fetches, "What each fetch answers: the object, or `gone`.");
constexpr Key kGivenVars = key("vars", F::map, "Values in place of those of `vars:`.");
constexpr Key kGivenRemote = key("remote", F::one_or_many, kRemote, "What remotes answer.");
constexpr Key kGivenNow = key("now", F::text, "The time at the start, like \"2026-03-29T00:30:00Z\".");
constexpr Key kSampleKey = key("sample", F::text, "The event type whose shipped sample is sent.");
constexpr Key kIdKey = key("id", F::text, "The delivery's id.");
constexpr Key kKeysKey = key("keys", F::map, "Keys of the event in place of the sample's.");
constexpr Key kDataKey = key("data", F::map, "Members of the payload in place of the sample's.");

constexpr Key kGivenKeys[] = {
    key("event", F::section, kEvent, "The event; the sample's parts that it does not name stay."),
    kSampleKey,
    kKeysKey,
    kDataKey,
    kIdKey,
    kFetchAnswers,
    kGivenVars,
    kGivenRemote,
    kGivenNow,
};
constexpr Key kGivenOfStepsKeys[] = {kFetchAnswers, kGivenVars, kGivenRemote, kGivenNow};

constexpr Key kEventKeys[] = {key("type", F::text, "The event type."), kIdKey, kKeysKey, kDataKey};

constexpr Key kSendKeys[] = {
    key("as", F::text, "A name that later steps say."),
    kSampleKey,
    key("same_as", F::text, "The same bytes again as of an earlier `send`."),
    kIdKey,
    kKeysKey,
    kDataKey,
};

constexpr Key kRemoteKeys[] = {
    key("connection", F::text, "Whose remote.", kNeeded),
    key("on", F::text, "Method and path, as in \"POST /api/tickets\"; `*` stands for any part.", kNeeded),
    key("answer", F::answers, kAnswer, "One answer for all requests, or a list of them in order.", kNeeded),
};

constexpr Key kAnswerKeys[] = {
    key("status", F::status, "The HTTP status; 200 unless said."),
    key("headers", F::map, "Its headers."),
    key("body", F::anything, "Its body: a text as it is, all else as JSON."),
    words("error", kTransportErrors, "Instead of an answer: how the transport fails."),
    key("after", F::duration, "How long the answer takes."),
};

constexpr Key kRecord = key("record", F::map, "The whole record that is written.");
constexpr Key kContains = key("contains", F::map, "Members that the record must have.");
constexpr Key kAbsent = key("absent", F::texts, "Fields that the record must not have.");
constexpr Key kRequests = {
    "requests", F::map,  "How often each request is made, as { \"POST /api/tickets\": 1 }.",
    false,      nullptr, {},
    0,          0,       Key::Stage::now};
constexpr Key kEnd = words("end", kEnds, "How it ends.");
constexpr Key kReason = key("reason", F::text, "Its reason.");
constexpr Key kHttp = key("http", F::status, "What the sender of the webhook is answered.");
constexpr Key kAttempts = key("attempts", F::range, "How many attempts, like 2 or 1..3.");
constexpr Key kActionsKey = key("actions", F::named, kActionExpect, "The same for each action by its name.");

constexpr Key kExpectKeys[] = {kRecord, kContains, kAbsent,   kRequests,  kEnd,
                               kReason, kHttp,     kAttempts, kActionsKey};

constexpr Key kExpectStepKeys[] = {
    key("event", F::text, "Of which `send`; the last one unless said."),
    kHttp,
    words("state", kStates, "The event's state now."),
    key("next_in", F::durations, "When it is tried again, like 7s or 7s..9s."),
    kAttempts,
    kRequests,
    kEnd,
    kReason,
    kRecord,
    kContains,
    kAbsent,
    kActionsKey,
};

constexpr Key kActionExpectKeys[] = {kRecord, kContains, kAbsent, kEnd, kReason};

constexpr Key kStepKeys[] = {
    key("send", F::section, kSend, "A webhook comes in."),
    key("remote", F::section, kRemote, "From here on a remote answers so."),
    kFetchAnswers,
    words("run", "until_idle", "Everything that is due runs."),
    key("advance", F::duration, "The clock goes on, and what becomes due runs."),
    key("expect", F::section, kExpectStep, "What must hold now."),
};

}  // namespace

const Section kPipeline{"pipeline", kPipelineKeys};
const Section kConnectionsFile{"connections_file", kConnectionsFileKeys};
const Section kConnection{"connection", kConnectionKeys};
const Section kOAuth2{"oauth2", kOAuth2Keys};
const Section kVerifyInFull{"verify", kVerifyInFullKeys};
const Section kTableFile{"table_file", kTableFileKeys};
const Section kTrigger{"trigger", kTriggerKeys};
const Section kListStep{"list_step", kListStepKeys};
const Section kAction{"action", kActionKeys};
const Section kShortAction{"short_action", kShortActionKeys};
const Section kDelivery{"delivery", kDeliveryKeys};
const Section kRetry{"retry", kRetryKeys};
const Section kClassRule{"class_rule", kClassRuleKeys};
const Section kTest{"test", kTestKeys};
const Section kGiven{"given", kGivenKeys};
const Section kGivenOfSteps{"given_of_steps", kGivenOfStepsKeys};
const Section kEvent{"event", kEventKeys};
const Section kSend{"send", kSendKeys};
const Section kRemote{"remote", kRemoteKeys};
const Section kAnswer{"answer", kAnswerKeys};
const Section kExpect{"expect", kExpectKeys};
const Section kExpectStep{"expect_step", kExpectStepKeys};
const Section kActionExpect{"action_expect", kActionExpectKeys};
const Section kStep{"step", kStepKeys};

}  // namespace language
}  // namespace tenon::config
