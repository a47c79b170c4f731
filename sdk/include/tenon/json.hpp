// The only header of the SDK that needs more than the standard library: records and answers as
// nlohmann::json.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "tenon/http.hpp"
#include "tenon/slice.hpp"
#include "tenon/text.hpp"

namespace tenon {

/// `tenon::json(record)`, `tenon::json(answer)` parse. Integers of up to 64 bits are exact; other numbers
/// become doubles (use tenon::slice, or pass `record.text()` on, where their text matters).
using json = nlohmann::json;

namespace sdk {

/// Writing JSON recurses, so what is read here must not be deep.
inline bool too_deep(std::string_view text, std::size_t limit = 200) noexcept {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit) return true;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
    }
  }
  return false;
}

}  // namespace sdk

/// False, and `out` discarded, if `text` is not JSON or more than 200 levels deep.
inline bool try_parse(json& out, std::string_view text) {
  // nlohmann takes a NUL byte for the end of the text.
  if (text.find('\0') != std::string_view::npos || sdk::too_deep(text)) return false;
  out = json::parse(text.begin(), text.end(), nullptr, false);
  return !out.is_discarded();
}

/// Parses a text. Throws std::invalid_argument, without quoting it.
inline json parse(std::string_view text) {
  json out;
  if (!try_parse(out, text)) throw std::invalid_argument("not JSON");
  return out;
}

inline void to_json(json& out, const document& from) {
  if (!try_parse(out, from.text())) throw std::invalid_argument("the host passed something that is not JSON");
}
/// An empty body is null: many APIs answer 201, 202 and 204 without one.
inline void to_json(json& out, const response& from) {
  if (from.body.empty())
    out = nullptr;
  else if (!try_parse(out, from.body))
    throw unreadable("HTTP " + std::to_string(from.status) + ": the answer is not JSON");
}

template <>
struct text_of<json> {
  static std::string of(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    throw std::invalid_argument(std::string("a ") + value.type_name() + " has no plain text");
  }
};
template <>
struct json_text_of<json> {
  static std::string of(const json& value) { return value.dump(); }
};

/// Member `name` as text: a string as it is, a number or boolean as written; `otherwise` if it is missing,
/// null or something else.
inline std::string text_at(const json& object, std::string_view name, std::string otherwise = {}) {
  if (!object.is_object()) return otherwise;
  const auto it = object.find(name);
  if (it == object.end() || !(it->is_string() || it->is_number() || it->is_boolean())) return otherwise;
  return text_of<json>::of(*it);
}

/// The array at member `name` of an answer. Throws tenon::unreadable if there is none.
inline json rows_in(const response& answer, std::string_view name) {
  json whole(answer);
  const auto it = whole.is_object() ? whole.find(name) : whole.end();
  if (!whole.is_object() || it == whole.end() || !it->is_array())
    throw unreadable("HTTP " + std::to_string(answer.status) + ": the answer has no list \"" +
                     std::string(name) + "\"");
  return std::move(*it);
}

/// Each object with an id becomes a match; rows without one are left out.
inline found matches_in(const json& rows, std::string_view id = "id", std::string_view version = {}) {
  found out;
  if (!rows.is_array()) throw unreadable("a list was expected in the answer");
  for (const auto& row : rows) {
    auto key = text_at(row, id);
    if (key.empty()) continue;
    out.matches.emplace_back(std::move(key), row.dump(),
                             version.empty() ? std::string() : text_at(row, version));
  }
  return out;
}

/// A 2xx that names the written object's id. Without a readable body: retry/ambiguous, so that the host looks
/// the object up.
inline outcome delivered_with_id(const response& answer, std::string_view id = "id") {
  json whole;
  if (try_parse(whole, answer.body)) {
    auto key = text_at(whole, id);
    if (!key.empty()) return delivered(std::move(key));
  }
  return retry(cause::ambiguous, "HTTP " + std::to_string(answer.status) + ": the answer names no id");
}

}  // namespace tenon
