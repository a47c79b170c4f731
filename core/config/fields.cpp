#include "config/fields.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

bool is_alphanumeric(char c) { return kLetters.find(c) != std::string_view::npos || (c >= '0' && c <= '9'); }

}  // namespace

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::string join(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

Fields::Fields(Report& report, const Node& node, std::string path, const KeySet& keys)
    : report_(report), node_(node), path_(std::move(path)), ok_(node.is_map()) {
  if (!ok_) {
    const std::string prefix = path_.empty() ? "" : path_ + ": ";
    report_.error(node.at, "wrong_type", prefix + "expected a map, found " + found_in(node));
    return;
  }
  for (const NodeMember& member : node.members) unknown(member.key, keys);
}

void Fields::unknown(const Node& key, const KeySet& keys) {
  const std::string& name = key.text;
  if (contains(keys.known, name)) return;
  if (contains(keys.later, name)) {
    return report_.error(key.at, "not_built_yet", path_of(name) + ": `" + name + "` is not built yet");
  }
  if (contains(keys.reserved, name)) {
    return report_.error(key.at, "reserved", path_of(name) + ": `" + name + "` is reserved for later");
  }
  for (const auto& [missed, why] : keys.missed) {
    if (missed == name) return report_.error(key.at, "unknown_key", path_of(name) + ": is no key: " + why);
  }
  std::string hint = suggestion(name, keys.known);
  if (hint.empty()) {
    hint = keys.known.empty() ? "" : "; known here: " + listed(keys.known);
  } else {
    probably_meant_.insert(*nearest(name, keys.known));
  }
  report_.error(key.at, "unknown_key", path_of(name) + ": unknown key" + hint);
}

const Node* Fields::get(std::string_view name) {
  const Node* value = node_.find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_empty()) return value;
  error(key_span(name), "no_value", name, "nothing stands behind this key");
  return nullptr;
}

const Node* Fields::need(std::string_view name, std::string_view expected) {
  if (node_.find(name) != nullptr) return get(name);
  if (!probably_meant_.contains(std::string(name))) {
    error({node_.at.offset, 1}, "missing_key", name, "is missing: " + std::string(expected));
  }
  return nullptr;
}

std::optional<std::string> Fields::text(std::string_view name) {
  const Node* value = get(name);
  return value ? text_of(report_, *value, path_of(name)) : std::nullopt;
}

std::optional<std::string> Fields::need_text(std::string_view name, std::string_view expected) {
  const Node* value = need(name, expected);
  return value ? text_of(report_, *value, path_of(name)) : std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Node* value = get(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_text() && scalar_value(*value).is_boolean()) return scalar_value(*value).as_boolean();
  error(value->at, "wrong_type", name, "expected true or false, found " + found_in(*value));
  return std::nullopt;
}

std::optional<std::int64_t> Fields::duration(std::string_view name) {
  const Node* value = get(name);
  if (value == nullptr) return std::nullopt;
  constexpr std::string_view kForm = "7s, 15m, 72h or 30d";
  if (value->is_text() && scalar_value(*value).is_number()) {
    error(value->at, "bad_duration", name, "a bare number: say of what, as in " + std::string(kForm));
    return std::nullopt;
  }
  const auto parsed = value->is_text() ? parse_duration(value->text) : std::nullopt;
  if (parsed && *parsed > 0) return parsed;
  const std::string found = parsed ? "no time at all" : "`" + value->text + "`";
  error(value->at, "bad_duration", name,
        "expected a duration like " + std::string(kForm) + ", found " +
            (value->is_text() ? found : found_in(*value)));
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const Node* value = get(name);
  if (value == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const std::string& text = value->text;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = value->is_text() && scalar_value(*value).is_number() && failed == std::errc() &&
                     end == text.data() + text.size();
  if (whole && number >= least && number <= most) return number;
  const std::string found = whole ? "another number" : found_in(*value);
  error(value->at, "wrong_type", name,
        "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", found " +
            found);
  return std::nullopt;
}

Span Fields::key_span(std::string_view name) const {
  const auto found = std::find_if(node_.members.begin(), node_.members.end(),
                                  [&](const NodeMember& member) { return member.key.text == name; });
  return found == node_.members.end() ? node_.at : found->key.at;
}

void Fields::error(Span at, std::string code, std::string_view name, const std::string& message) {
  report_.error(at, std::move(code), path_of(name) + ": " + message);
}

std::optional<std::string> text_of(Report& report, const Node& node, const std::string& path) {
  if (node.is_text() && scalar_value(node).is_string()) return node.text;
  std::string message = path + ": expected text, found " + found_in(node);
  if (node.is_text()) message += "; in quotes it is text: \"" + node.text + "\"";
  report.error(node.at, "wrong_type", message);
  return std::nullopt;
}

bool check_name(Report& report, const Node& node, const std::string& path) {
  const std::string& name = node.text;
  constexpr std::size_t kMost = 64;
  const bool fits = !name.empty() && name.size() <= kMost && is_alphanumeric(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
                    });
  if (!fits) {
    report.error(
        node.at, "bad_name",
        path + ": a name is 1 to 64 letters, digits, `_`, `-` or `.`, and begins with a letter or digit");
  }
  return fits;
}

bool is_variable_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
}

std::string one_of(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += "`" + words[i] + "`";
  }
  return out;
}

}  // namespace tenon::config
