// The keys of the pipeline file as one table: the loader refuses what is not in it, and `tenon schema` shows
// it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.hpp"

namespace tenon::config {

struct Section;

/// One key of a section.
struct Key {
  enum class Form : std::uint8_t {
    version,      ///< the number 1
    text,         ///< text
    name,         ///< text that check_name() takes
    word,         ///< one of `words`
    boolean,      ///< true or false
    whole,        ///< a whole number, `least` to `most`
    range,        ///< one, or two with `..` between
    duration,     ///< 7s, 15m, 72h
    durations,    ///< one, or two with `..` between
    status,       ///< an HTTP status
    texts,        ///< a list of texts
    expression,   ///< `${{ }}`, or a text
    anything,     ///< a value of any kind
    map,          ///< a map of anything
    section,      ///< a map of `section`
    sections,     ///< a list of those
    one_or_many,  ///< one of those, or a list
    named,        ///< those by names that the author gives
    verify,       ///< `none`, or how each scheme verifies
    answers,      ///< what a remote answers: a status, a section, or a list of these
    fetches,      ///< objects, or `gone`, by the names of fetches
    steps,        ///< the steps of a fetch section: arguments, or `list` and `query`
    tables,       ///< maps, or files of them
  };
  enum class Stage : std::uint8_t { now, not_built, reserved };

  std::string_view name;
  Form form = Form::anything;
  std::string_view doc;  ///< one sentence for people; not of keys that are refused
  bool required = false;
  const Section* section = nullptr;
  std::string_view words = {};  ///< `high|normal|low`
  std::int64_t least = 0;
  std::int64_t most = 0;
  Stage stage = Stage::now;
};

/// A map whose keys are known.
struct Section {
  std::string_view name;
  std::span<const Key> keys;

  const Key* find(std::string_view key) const;
};

/// What Fields asks of a section.
KeySet key_set(const Section& section);

/// `a|b` as a list.
std::vector<std::string> split_words(std::string_view words);

namespace language {

extern const Section kPipeline, kConnectionsFile, kConnection, kOAuth2, kVerifyInFull, kTableFile, kTrigger,
    kListStep, kAction, kShortAction, kDelivery, kRetry, kClassRule, kTest, kGiven, kGivenOfSteps, kEvent,
    kSend, kRemote, kAnswer, kExpect, kExpectStep, kActionExpect, kStep;

/// Of `expect`; docs/delivery speaks of them.
inline constexpr std::string_view kEnds = "delivered|skipped|superseded|duplicate|rejected|exhausted";
inline constexpr std::string_view kStates =
    "waiting|retrying|delivered|skipped|superseded|duplicate|rejected|exhausted";
/// Of `classify`.
inline constexpr std::string_view kAnswerClasses = "delivered|retry|rejected|throttled|auth|conflict|stale";
/// What the transport may come to; runtime/http.hpp has them.
inline constexpr std::string_view kTransportErrors =
    "dns_failed|connect_failed|tls_failed|timeout|connection_lost|bad_response";

}  // namespace language
}  // namespace tenon::config
