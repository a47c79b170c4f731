#include "config/templates.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/interpolate.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

using mapping::Template;

/// Variables of the language that come with parts of it that are not built yet.
constexpr std::array<std::string_view, 1> kLater = {"since"};

/// True if a comment follows the scalar on its line.
bool is_cut_by_comment(const Source& source, const Node& node) {
  if (node.style != Node::Style::plain) return false;
  const std::size_t line = source.line_of(node.at.offset);
  const std::string_view rest =
      source.line(line).substr(node.at.offset + node.at.length - source.line_start(line));
  return trim(rest).starts_with('#');
}

std::size_t embedded_end(std::string_view text, std::size_t from) {
  mapping::ParseOptions any;
  any.any_variable = true;
  const auto embedded = mapping::Expression::parse_embedded(text, from + 3, any);
  return embedded ? embedded->end : std::string_view::npos;
}

}  // namespace

bool is_whole_expression(const Node& node) {
  if (!node.is_text()) return false;
  const std::string_view text = trim(node.text);
  return text.starts_with("${{") && embedded_end(text, 0) == text.size();
}

bool holds_expression(const Node& node) {
  if (!node.is_text()) return false;
  const std::string_view text = node.text;
  for (auto at = text.find("${{"); at != std::string_view::npos; at = text.find("${{", at + 1)) {
    if (at == 0 || text[at - 1] != '$') return true;
  }
  return false;
}

mapping::SourcePosition TemplateReader::place(const Node& node) const {
  const Position position = report_.source().position(node.at.offset);
  return {static_cast<std::uint32_t>(position.line), static_cast<std::uint32_t>(position.column)};
}

Template TemplateReader::read(const Node& node, const Scope& scope, const std::string& path) {
  switch (node.kind) {
    case Node::Kind::empty:
      report_.error(node.at, "no_value", path + ": nothing stands here; leave it out, or write null");
      return {};
    case Node::Kind::text:
      return text(node, scope, path);
    case Node::Kind::map:
      return node.find("$each") != nullptr || node.find("$item") != nullptr ? each(node, scope, path)
                                                                            : map(node, scope, path);
    case Node::Kind::list:
      break;
  }
  std::vector<Template> items;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    items.push_back(read(node.items[i], scope, join(path, i)));
  }
  return Template::list(std::move(items), place(node));
}

Template TemplateReader::text(const Node& node, const Scope& scope, const std::string& path) {
  const Value plain = scalar_value(node);
  if (!plain.is_string()) {
    constexpr std::size_t kMostDigits = 64;
    if (node.text.size() > kMostDigits) {
      report_.error(node.at, "bad_value", path + ": a number of more than 64 characters");
      return {};
    }
    return Template::literal(plain, place(node));
  }
  warn_if_typed(report_, node, path);
  auto parsed = Template::scalar(node.text, place(node), scope.options(names_));
  if (!parsed) {
    refuse(parsed.error(), node, scope, path);
    return {};
  }
  refuse_variables(node, report_, path);
  if (!parsed->is_constant()) {
    TextType told = check_text(node, is_whole_expression(node), scope, names_, path, report_);
    reads_.insert(told.reads.begin(), told.reads.end());
    types_.insert_or_assign(&node, std::move(told));
  }
  return std::move(*parsed);
}

void TemplateReader::refuse(const mapping::ParseError& error, const Node& node, const Scope& scope,
                            const std::string& path) {
  Span at = node.span(error.offset, std::max<std::size_t>(1, error.length));
  std::string message = error.message;
  if (error.code == "unclosed") {
    message = "`${{` is not closed by `}}`";
    const auto open = node.text.rfind("${{", error.offset);
    at = node.span(open == std::string::npos ? 0 : open, 3);
    if (is_cut_by_comment(report_.source(), node)) {
      message = "the expression is cut at ` #`, where YAML begins a comment: quote it, \"${{ … }}\"";
      at = {node.at.offset + node.at.length, 2};
    }
  } else if (error.code == "unknown_variable") {
    std::string_view found = std::string_view(node.text).substr(std::min(error.offset, node.text.size()));
    found = found.substr(0, error.length);
    if (found.starts_with('$')) found.remove_prefix(1);
    if (std::find(kLater.begin(), kLater.end(), found) != kLater.end()) {
      return report_.error(at, "not_built_yet", path + ": `$" + std::string(found) + "` is not built yet");
    }
    if (std::string known = about_variable(found, scope); !known.empty()) {
      return report_.error(at, "not_here", path + ": " + known);
    }
  } else if (!error.did_you_mean.empty() && message.find(error.did_you_mean) == std::string::npos) {
    message += "; did you mean `" + error.did_you_mean + "`?";
  }
  report_.error(at, "expression", path + ": " + message);
}

/// A variable that the language or the file has, but not in this place: why not. Else empty.
std::string TemplateReader::about_variable(std::string_view name, const Scope& scope) const {
  const std::string shown = "`$" + std::string(name) + "`";
  if (name == "item" || name == "index") return "`$item` and `$index` are known below `$item:` only";
  if (name == "response" || name == "request") return shown + " is known below `classify` only";
  if (name == "results") {
    return scope.action ? "`$results` holds what the actions in `needs` wrote: name them there"
                        : "`$results` is known in an action with `needs` only";
  }
  if (const auto let = names_.lets.find(std::string(name)); let != names_.lets.end()) {
    return shown + " reads `" + scope.lacks(let->second) + "`, which is not there yet";
  }
  if (std::find(names_.later_lets.begin(), names_.later_lets.end(), name) != names_.later_lets.end()) {
    return shown + " is made further below: a `let` reads those before it";
  }
  return {};
}

Template TemplateReader::map(const Node& node, const Scope& scope, const std::string& path) {
  std::vector<std::pair<std::string, Template>> fields;
  for (const auto& [key, value] : node.members) {
    const std::string here = join(path, key.text);
    if (holds_expression(key)) {
      report_.error(key.at, "expression_not_here",
                    here + ": a key is a fixed name; expressions stand in values");
      continue;
    }
    if (key.text.starts_with('$')) {
      report_.error(
          key.at, "reserved",
          here + ": keys that begin with `$` are the language's own: there are `$each` and `$item`");
      continue;
    }
    if (value.is_empty()) {
      report_.error(key.at, "no_value",
                    here + ": nothing stands behind this key; leave it out, or write null");
      continue;
    }
    fields.emplace_back(key.text, read(value, scope, here));
  }
  return Template::object(std::move(fields), place(node));
}

Template TemplateReader::each(const Node& node, const Scope& scope, const std::string& path) {
  Fields fields(report_, node, path, {{"$each", "$item"}, {}, {}});
  const Node* over = fields.need("$each", "the list, as in `$each: ${{ order.products }}`");
  const Node* item = fields.need("$item", "what each element becomes");
  if (over == nullptr || item == nullptr) return {};
  const std::size_t before = report_.errors();
  Template list = read(*over, scope, join(path, "$each"));
  if (report_.errors() == before && !over->is_list() && !is_whole_expression(*over)) {
    report_.error(over->at, "wrong_type", join(path, "$each") + ": expected one whole expression or a list");
  }
  Scope inner = scope;
  inner.item = true;
  inner.item_type = mapping::check::elements(type_of(*over));
  inner.item_type.kinds =
      static_cast<mapping::check::Kinds>(inner.item_type.kinds & ~mapping::check::kMissing);
  return Template::each(std::move(list), read(*item, inner, join(path, "$item")), place(node));
}

std::optional<Formula> TemplateReader::read_formula(const Node& node, const Scope& scope,
                                                    const std::string& path, const std::string& example) {
  const std::string expected = "expected one expression, as in \"" + example + "\"";
  if (!node.is_text() || !holds_expression(node)) {
    const bool bare = node.is_text() && scalar_value(node).is_string();
    report_.error(node.at, "not_an_expression",
                  path + ": " + expected + ", found " + (bare ? "text without `${{ }}`" : found_in(node)));
    return std::nullopt;
  }
  const std::size_t before = report_.errors();
  Formula formula{text(node, scope, path), std::string(trim(node.text)),
                  report_.source().position(node.at.offset)};
  if (report_.errors() > before) return std::nullopt;
  if (!is_whole_expression(node)) {
    report_.error(node.at, "not_an_expression",
                  path + ": " + expected + " and nothing beside it, which would make it text");
    return std::nullopt;
  }
  return formula;
}

std::optional<When> TemplateReader::read_when(const Node& node, const Scope& scope, const std::string& path) {
  auto made = read_formula(node, scope, path, "${{ event.data.total > 0 }}");
  if (made) check_condition(node, path);
  return made;
}

mapping::check::Type TemplateReader::type_of(const Node& node) const {
  const auto told = types_.find(&node);
  return told == types_.end() ? mapping::check::Type() : told->second.type;
}

void TemplateReader::check_condition(const Node& node, const std::string& path) {
  using namespace mapping::check;
  const Type type = type_of(node);
  if (!type.known()) return;
  const Kinds present = type.kinds & ~kMissing;
  if (!type.may_be(kBoolean)) {
    return report_.error(node.at, "when",
                         path + ": expected true or false, found " +
                             describe(present != 0 ? present : kMissing) + ": every event would be rejected");
  }
  if (const auto constant = type.constant()) {
    return report_.warning(node.at, "constant_condition",
                           path + (*constant == "true" ? ": is always true: leave it out"
                                                       : ": is never true: nothing comes past it"));
  }
  if (type.may_be(kMissing)) {
    report_.warning(node.at, "when_missing",
                    path + ": may be missing" + (type.maybe.empty() ? "" : ", as " + type.maybe + " may") +
                        ", and such an event is rejected: end it with `?? false`");
  } else if (!type.only(kBoolean)) {
    report_.warning(node.at, "when",
                    path + ": may be " + describe(present & ~kBoolean) + ", and such an event is rejected");
  }
}

void append_canonical(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::empty:
      out += "null";
      return;
    case Node::Kind::text:
      append_json(out, scalar_value(node));
      return;
    case Node::Kind::list:
      out += '[';
      for (const Node& item : node.items) {
        append_canonical(out, item);
        out += ',';
      }
      out += ']';
      return;
    case Node::Kind::map:
      break;
  }
  out += '{';
  for (const auto& [key, value] : node.members) {
    append_json_string(out, key.text);
    out += ':';
    append_canonical(out, value);
    out += ',';
  }
  out += '}';
}

}  // namespace tenon::config
