#include "config/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace tenon::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

/// RFC 8259's number.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = digits(text);
  if (whole == 0 || (whole > 1 && text[0] == '0')) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const std::size_t fraction = digits(text.substr(1));
    if (fraction == 0) return false;
    text.remove_prefix(1 + fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const std::size_t exponent = digits(text);
    if (exponent == 0) return false;
    text.remove_prefix(exponent);
  }
  return text.empty();
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

/// Numbers of YAML 1.1, YAML 1.2 and JavaScript that are none of JSON.
bool looks_like_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty()) return false;
  const std::string lower = to_lower(text);
  if (lower == ".inf" || lower == ".nan") return true;
  if (lower.starts_with("0x")) return all_of(std::string_view(lower).substr(2), "0123456789abcdef_");
  if (lower.starts_with("0o") || lower.starts_with("0b"))
    return all_of(std::string_view(lower).substr(2), "01234567_");
  // Digits with one dot, underscores or an exponent: 017, 1_000, .5, 1., +1. Versions (1.2.3) and dates are
  // text to everybody.
  const auto dots = std::count(lower.begin(), lower.end(), '.');
  const bool begins = is_digit(lower.front()) || lower.front() == '.';
  return begins && dots <= 1 && all_of(lower, "0123456789_.") &&
         std::any_of(lower.begin(), lower.end(), is_digit);
}

constexpr std::array<std::string_view, 9> kWords = {"true", "false", "null", "yes", "no",
                                                    "on",   "off",   "y",    "n"};

}  // namespace

Value scalar_value(const Node& scalar) {
  const std::string_view text = scalar.text;
  if (scalar.is_quoted()) return Value::string(text);
  if (text == "true" || text == "false") return Value::boolean(text == "true");
  if (text == "null") return Value::null();
  return is_json_number(text) ? Value::number_text(text) : Value::string(text);
}

bool looks_typed(std::string_view plain) {
  if (plain == "~") return true;
  const bool word = std::find(kWords.begin(), kWords.end(), to_lower(plain)) != kWords.end();
  if (word) return plain != "true" && plain != "false" && plain != "null";
  return !is_json_number(plain) && looks_like_number(plain);
}

void warn_if_typed(Report& report, const Node& scalar, const std::string& path) {
  if (!scalar.is_text() || scalar.is_quoted() || !looks_typed(scalar.text)) return;
  report.warning(scalar.at, "ambiguous_text",
                 path + ": `" + scalar.text +
                     "` is text here; write it in quotes, or true, false, null or a " +
                     "plain number if one is meant");
}

std::string found_in(const Node& node) {
  switch (node.kind) {
    case Node::Kind::map:
      return "a map";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::empty:
      return "nothing";
    case Node::Kind::text:
      break;
  }
  switch (scalar_value(node).kind()) {
    case Kind::boolean:
      return "a boolean";
    case Kind::null:
      return "null";
    case Kind::number:
      return "a number";
    default:
      return "text";
  }
}

std::string with_article(std::string_view types) {
  const std::string_view first = types.substr(0, types.find_first_of(" ,"));
  for (const std::string_view name : {"integer", "array", "object"}) {
    if (first == name) return "an " + std::string(types);
  }
  for (const std::string_view name : {"string", "number", "boolean"}) {
    if (first == name) return "a " + std::string(types);
  }
  return std::string(types);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  const std::size_t size = digits(text);
  std::int64_t number = 0;
  if (size == 0 || size > 12) return std::nullopt;
  std::from_chars(text.data(), text.data() + size, number);
  const std::string_view unit = text.substr(size);
  std::int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = 86'400'000;
  constexpr std::int64_t kTenYears = std::int64_t{3660} * 86'400'000;
  if (factor == 0 || number > kTenYears / factor) return std::nullopt;
  return number * factor;
}

}  // namespace tenon::config
