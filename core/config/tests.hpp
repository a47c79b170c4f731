// Test: what a pipeline file says under `tests:`, parsed; core/trial runs it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.hpp"
#include "config/diagnostic.hpp"

namespace tenon::config {

template <class T>
struct Placed {
  T value;
  Position position;
};

/// A value as it stands in the file, each part with its place. Cheap to copy.
struct Literal {
  std::shared_ptr<const Document> document;
  Position position;
  std::vector<std::pair<std::string, Position>> parts;  ///< JSON pointer of each part below -> its place

  Value root() const { return document ? document->root : Value(); }
  /// Of the part that the JSON pointer names, or of the nearest one around it.
  Position place(std::string_view pointer) const;
};

/// Both ends belong to it.
struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool holds(std::int64_t number) const { return number >= least && number <= most; }
};

/// Something that a remote says.
struct RemoteAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;           ///< of a text as it is, else JSON
  std::string error;          ///< instead of an answer: connect_failed, timeout, connection_lost, ...
  std::int64_t after_ms = 0;  ///< how long it takes
};

/// What a remote answers from now on to requests that fit: one answer after the other, the last for all that
/// follow.
struct RemoteRule {
  std::string connection;
  std::string on;  ///< `PUT /api/customers/*/data`; `*` stands for one segment, `**` for any number
  std::vector<RemoteAnswer> answers;  ///< at least one
  Position position;
};

/// What a fetch answers; `gone` instead of a value.
struct FetchAnswer {
  bool gone = false;
  Literal value;
};
using FetchAnswers = std::map<std::string, FetchAnswer>;  ///< by the name under `trigger.fetch`

/// A webhook that comes in.
struct Send {
  std::string as;       ///< its name in the test; empty: none
  std::string sample;   ///< the event type whose sample it is; empty: that of the trigger's first type
  std::string same_as;  ///< the same bytes again
  std::optional<std::string> id;  ///< of the delivery, where the scheme has one
  std::optional<Literal> keys;    ///< an object: instead of the sample's
  std::optional<Literal> data;    ///< an object: `event.data` instead of the sample's
  Position position;
};

/// What should have become of one action, or of the event.
struct ActionExpectation {
  Position position;
  std::optional<Literal> record;              ///< all of it
  std::optional<Literal> contains;            ///< parts of it; lists in it are whole
  std::vector<Placed<std::string>> absent;    ///< paths that it does not have: `name`, `lines[0].sku`
  std::optional<Placed<std::string>> end;     ///< the name of an End
  std::optional<Placed<std::string>> reason;  ///< part of the reason's text
};

struct Expectation {
  Position position;
  std::string event;  ///< name of a Send; empty: the last one
  std::optional<Placed<int>> http;
  std::optional<Placed<std::string>> state;  ///< waiting, retrying or an end
  std::optional<Placed<Range>> next_in_ms;
  std::optional<Placed<Range>> attempts;
  std::vector<std::pair<std::string, Placed<Range>>>
      requests;  ///< as RemoteRule::on -> how many since the start
  ActionExpectation
      whole;  ///< record, contains and absent speak of the only action that wrote, or of the first
  std::map<std::string, ActionExpectation> actions;
};

struct Step {
  enum class Kind : std::uint8_t { send, remote, fetch, run, advance, expect };
  Kind kind = Kind::run;
  Position position;
  Send send;
  RemoteRule remote;
  FetchAnswers fetch;
  std::int64_t advance_ms = 0;
  Expectation expect;
};

/// One test: `given` and `expect`, or `given` (may be left out) and `steps`.
struct Test {
  std::string name;
  Position position;
  Send event;  ///< of the first form
  FetchAnswers fetch;
  std::optional<Literal> vars;  ///< instead of those of the file, by name
  std::vector<RemoteRule> remotes;
  std::optional<std::int64_t> now_ms;  ///< when it begins; else 2026-01-01T00:00:00Z
  std::optional<Expectation> expect;   ///< of the first form
  std::vector<Step> steps;             ///< of the second
};

}  // namespace tenon::config
