// JSON text to Value and back; the only home of simdjson.
#pragma once

#include <string>
#include <string_view>

#include "base/value.hpp"

namespace tenon {

/// Bounds on what is accepted, counted over the whole text.
struct JsonLimits {
  std::size_t depth = 64;
  std::size_t members = 10'000;    ///< members of all objects together
  std::size_t number_length = 64;  ///< characters of one number
};

/// Parses strict JSON (RFC 8259, strict UTF-8, no byte order mark, duplicate names refused). Numbers keep
/// their text. Errors: code `invalid_json`, message with what and the byte offset where known; never the
/// content.
Result<Document> parse_json(std::string_view text, const JsonLimits& limits = {});

/// The same into an arena of the caller's.
Result<Value> parse_json(std::string_view text, Arena& arena, const JsonLimits& limits = {});

/// Compact JSON text. Missing members and functions are left out (in an array: null). A computed number is
/// written as JavaScript writes it (ECMA-262, Number::toString); infinities and NaN become null. Same value,
/// same bytes.
std::string to_json(Value value);
void append_json(std::string& out, Value value);
/// Two-space indented, for people.
std::string to_pretty_json(Value value);

/// `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

/// A double as ECMA-262 Number::toString writes it (shortest text that reads back the same).
void append_number(std::string& out, double number);

}  // namespace tenon
