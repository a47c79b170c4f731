#include "config/tests_values.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "config/names.hpp"
#include "config/scalar.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::config {
namespace {

constexpr std::int64_t kMost = 1'000'000;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 0 || number > kMost)
    return std::nullopt;
  return number;
}

std::optional<std::int64_t> whole_number(const Node& node) {
  return node.is_text() ? whole_number(std::string_view(node.text)) : std::nullopt;
}

/// `one`, or `least..most`; `parse` reads one end.
template <class Parse>
std::optional<Range> range_of(const Node& node, Parse&& parse) {
  if (!node.is_text()) return std::nullopt;
  const std::string_view text = node.text;
  const auto dots = text.find("..");
  const auto least = parse(trim(text.substr(0, dots)));
  const auto most = dots == std::string_view::npos ? least : parse(trim(text.substr(dots + 2)));
  if (!least || !most || *least > *most) return std::nullopt;
  return Range{*least, *most};
}

}  // namespace

std::string found_text(const Node& node) { return node.is_text() ? "`" + node.text + "`" : found_in(node); }

Position TestValues::place(const Node& node) const { return report_.source().position(node.at.offset); }

std::optional<int> TestValues::status(const Node& node, const std::string& path) {
  const auto number = whole_number(node);
  if (number && *number >= 200 && *number <= 599) return static_cast<int>(*number);
  report_.error(node.at, "wrong_type",
                path + ": expected an HTTP status from 200 to 599, found " + found_text(node));
  return std::nullopt;
}

std::optional<Placed<std::string>> TestValues::word(const Node& node, const std::string& path,
                                                    const std::vector<std::string>& words) {
  if (node.is_text() && std::find(words.begin(), words.end(), node.text) != words.end()) {
    return Placed<std::string>{node.text, place(node)};
  }
  report_.error(
      node.at, "wrong_type",
      path + ": expected " + one_of(words) + ", found " + found_text(node) + suggestion(node.text, words));
  return std::nullopt;
}

std::optional<Placed<Range>> TestValues::durations(const Node& node, const std::string& path) {
  if (const auto range = range_of(node, [](std::string_view text) { return parse_duration(text); }))
    return Placed<Range>{*range, place(node)};
  report_.error(node.at, "wrong_type",
                path + ": expected a duration or a range of them, like 7s..9s, found " + found_text(node));
  return std::nullopt;
}

std::optional<Placed<Range>> TestValues::count(const Node& node, const std::string& path) {
  if (const auto range = range_of(node, [](std::string_view text) { return whole_number(text); }))
    return Placed<Range>{*range, place(node)};
  report_.error(node.at, "wrong_type",
                path + ": expected a whole number or a range, like 1..3, found " + found_text(node));
  return std::nullopt;
}

std::optional<std::int64_t> TestValues::time(const Node& node, const std::string& path) {
  const auto parsed = mapping::Expression::parse("$toMillis($)");
  Arena arena;
  mapping::Evaluation evaluation{arena};
  const auto value = parsed->evaluate(Value::string(node.text), {}, evaluation);
  if (node.is_text() && value && value->is_number()) return static_cast<std::int64_t>(value->as_double());
  report_.error(node.at, "wrong_type",
                path + ": expected a time like \"2026-03-29T00:30:00Z\", found " + found_text(node));
  return std::nullopt;
}

void TestValues::check_request(const Node& node, const std::string& path) {
  const auto blank = node.text.find(' ');
  const bool method = blank != std::string::npos && blank > 0 &&
                      node.text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == blank;
  if (method && node.text.compare(blank + 1, 1, "/") == 0 &&
      node.text.find_first_of(" ?", blank + 1) == std::string::npos)
    return;
  report_.error(node.at, "wrong_type",
                path +
                    ": expected a method and a path without its query, as in \"POST /api/tickets\" or "
                    "\"PUT /api/customers/*\", found " +
                    found_text(node));
}

}  // namespace tenon::config
