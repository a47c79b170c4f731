// What a plain scalar is, by the rules of YAML 1.2's core schema, narrowed: only `true`, `false`, `null` and
// JSON numbers are not text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/value.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// The value of a scalar; texts and numbers borrow from the node. Quoted ones and blocks are strings.
Value scalar_value(const Node& scalar);

/// True for plain text that YAML 1.1 or JavaScript would read as something else: `NO`, `on`, `~`, `017`,
/// `0x1f`, `.5`.
bool looks_typed(std::string_view plain);

/// Warns of such a text where a value is meant. `path` begins the message.
void warn_if_typed(Report& report, const Node& scalar, const std::string& path);

/// What is there, for messages: "a map", "a number", "nothing". Never the value.
std::string found_in(const Node& node);

/// "a number", "an object or null"; what begins with no type's name stays as it is.
std::string with_article(std::string_view types);

/// Milliseconds of `500ms`, `7s`, `15m`, `72h`, `30d`; nullopt for all else and beyond ten years.
std::optional<std::int64_t> parse_duration(std::string_view text);

}  // namespace tenon::config
