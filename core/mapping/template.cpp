#include "mapping/template.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "mapping/jsonata/strings.hpp"
#include "mapping/trace.hpp"

namespace tenon::mapping {

void throw_exception_from_error(const RenderError& error, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + error.text());
}

std::string on_one_line(std::string_view text) {
  constexpr std::size_t kMost = 120;
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) out += c;
    if (blank && !out.empty() && out.back() != ' ') out += ' ';
  }
  while (out.ends_with(' ')) out.pop_back();
  if (out.size() <= kMost) return out;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0U) == 0x80U) --end;
  return out.substr(0, end) + "…";
}

std::string RenderError::text() const {
  std::string out = field.empty() ? "the value" : field;
  if (position.line > 0) out += " (line " + std::to_string(position.line) + ")";
  out += ": " + error.code + ": " + error.message;
  return expression.empty() ? out : out + "; in `" + on_one_line(expression) + "`";
}

/// One node of the tree. What belongs to no kind of its own stays empty.
struct Template::Node {
  enum class Type : std::uint8_t { literal, expression, mixed, object, list, each };

  /// Part of a mixed text: an expression, or a text.
  struct Part {
    std::string text;
    std::optional<Expression> expression;
    std::size_t offset = 0;
  };

  Type type = Type::literal;
  SourcePosition position;
  Document literal;
  std::vector<Part> parts;  ///< of an expression: that one
  std::vector<std::pair<std::string, Template>> fields;
  std::vector<Template> items;  ///< of a list; of each: over, item

  static const Node* of(const Template& tree) { return tree.node_.get(); }
};

namespace {

using Node = Template::Node;

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Splits a text at its `${{ }}`; `$${` becomes `${`.
ParseResult<std::vector<Node::Part>> split(std::string_view text, const ParseOptions& options) {
  std::vector<Node::Part> parts;
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      plain += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 3, "${{") != 0) {
      plain += text[at++];
      continue;
    }
    auto embedded = Expression::parse_embedded(text, at + 3, options);
    if (!embedded) return std::move(embedded).error();
    if (!plain.empty()) parts.push_back({std::exchange(plain, {}), std::nullopt, 0});
    parts.push_back({{}, std::move(embedded->expression), at});
    at = embedded->end;
  }
  if (!plain.empty()) parts.push_back({std::move(plain), std::nullopt, 0});
  return parts;
}

/// Renders one template; keeps the field's path for errors.
class Renderer {
 public:
  Renderer(Value root, Scope& scope, Evaluation& evaluation)
      : root_(root), scope_(scope), evaluation_(evaluation), output_before_(evaluation.output_used) {
    steps_left_ = evaluation.limits.render_steps;
  }

  RenderResult render(const Template& tree) {
    const Node* node = Node::of(tree);
    if (node == nullptr) return Value();
    switch (node->type) {
      case Node::Type::literal:
        return node->literal.root;
      case Node::Type::expression:
        return told(evaluate(*node, *node->parts.front().expression));
      case Node::Type::mixed:
        return told(mixed(*node));
      case Node::Type::object:
        return object(*node);
      case Node::Type::list:
        return list(*node);
      case Node::Type::each:
        return each(*node);
    }
    return Value();
  }

 private:
  RenderError failed(const Node& node, EvaluationError error, std::string_view expression = {}) const {
    return {std::move(error), path_, node.position, std::string(expression)};
  }

  RenderResult evaluate(const Node& node, const Expression& expression) {
    const Limits limits = evaluation_.limits;
    const std::size_t before = evaluation_.steps_used;
    evaluation_.limits.steps = std::min(limits.steps, steps_left_);
    if (evaluation_.trace != nullptr) evaluation_.trace->begins(expression, path_, node.position);
    auto value = expression.evaluate(root_, scope_, evaluation_);
    evaluation_.limits = limits;
    steps_left_ -= std::min(steps_left_, evaluation_.steps_used - before);
    if (!value) return failed(node, std::move(value).error(), expression.text());
    if (value->is_function()) {
      return failed(node, {"function", "the expression gives a function, not a value", 0, 0},
                    expression.text());
    }
    return checked(node, *value);
  }

  RenderResult told(RenderResult result) const {
    if (evaluation_.trace != nullptr && result) evaluation_.trace->gave(*result);
    return result;
  }

  /// What one template makes is bounded as one expression's result is.
  RenderResult checked(const Node& node, Value value) const {
    if (evaluation_.output_used - output_before_ <= evaluation_.limits.output) return value;
    return failed(node, {"output_limit", "the record is too large", 0, 0});
  }

  RenderResult mixed(const Node& node) {
    std::string out;
    for (const Node::Part& part : node.parts) {
      if (!part.expression) {
        out += part.text;
        continue;
      }
      const RenderResult value = evaluate(node, *part.expression);
      if (!value) return value;
      if (value->is_missing() || value->is_null()) return Value();
      if (!jsonata::append_text(out, *value)) {
        return failed(node, {"D3001", "a number is out of range", part.offset, 3});
      }
    }
    evaluation_.output_used += out.size();
    return checked(node, Value::string(evaluation_.arena.copy(out)));
  }

  RenderResult object(const Node& node) {
    Member* members = evaluation_.arena.array<Member>(node.fields.size());
    std::size_t size = 0;
    const std::size_t before = path_.size();
    for (const auto& [name, field] : node.fields) {
      if (!path_.empty()) path_ += '.';
      path_ += name;
      const RenderResult value = render(field);
      if (!value) return value;
      path_.resize(before);
      if (!value->is_missing()) new (members + size++) Member{name, *value};
    }
    return Value::object({members, size});
  }

  RenderResult list(const Node& node) {
    Value* items = evaluation_.arena.array<Value>(node.items.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const RenderResult value = element(node.items[i], i);
      if (!value) return value;
      if (!value->is_missing()) new (items + size++) Value(*value);
    }
    return Value::array({items, size});
  }

  RenderResult each(const Node& node) {
    const RenderResult over = render(node.items[0]);
    if (!over) return over;
    if (over->is_missing() || over->is_null()) return Value::array({});
    const Value lone = *over;
    const std::span<const Value> from = lone.is_array() ? lone.items() : std::span<const Value>(&lone, 1);
    if (from.size() > steps_left_) {
      return failed(node, {"D1012", "rendering took too many steps: a list is too long", 0, 0});
    }
    steps_left_ -= from.size();
    Value* items = evaluation_.arena.array<Value>(from.size());
    std::size_t size = 0;
    const std::size_t outer = scope_.size();
    for (std::size_t i = 0; i < from.size(); ++i) {
      scope_.bind("item", from[i]);
      scope_.bind("index", Value::number(static_cast<double>(i)));
      const RenderResult value = element(node.items[1], i);
      scope_.truncate(outer);
      if (!value) return value;
      if (!value->is_missing()) new (items + size++) Value(*value);
    }
    return Value::array({items, size});
  }

  RenderResult element(const Template& item, std::size_t index) {
    const std::size_t before = path_.size();
    path_ += '[' + std::to_string(index) + ']';
    RenderResult value = render(item);
    if (value) path_.resize(before);
    return value;
  }

  Value root_;
  Scope& scope_;
  Evaluation& evaluation_;
  std::size_t output_before_;
  std::size_t steps_left_ = 0;
  std::string path_;
};

void collect(const Template& tree, const std::string& path, std::vector<Template::Use>& out) {
  const Node* node = Node::of(tree);
  if (node == nullptr) return;
  for (const Node::Part& part : node->parts) {
    if (part.expression) out.push_back({*part.expression, node->position, path});
  }
  for (const auto& [name, field] : node->fields) collect(field, path.empty() ? name : path + "." + name, out);
  for (const Template& item : node->items) collect(item, path + "[]", out);
}

}  // namespace

ParseResult<Template> Template::scalar(std::string_view text, SourcePosition position,
                                       const ParseOptions& options) {
  auto parts = split(text, options);
  if (!parts) return std::move(parts).error();
  auto node = std::make_shared<Node>();
  node->position = position;
  std::size_t expressions = 0;
  bool blank = true;
  for (const Node::Part& part : *parts) {
    if (part.expression) {
      ++expressions;
    } else {
      blank = blank && is_blank(part.text);
    }
  }
  if (expressions == 0) {
    const std::string_view plain = parts->empty() ? std::string_view() : parts->front().text;
    node->literal.root = Value::string(node->literal.arena.copy(plain));
    return Template(std::move(node));
  }
  node->type = Node::Type::mixed;
  if (expressions == 1 && blank) {
    node->type = Node::Type::expression;
    std::erase_if(*parts, [](const Node::Part& part) { return !part.expression; });
  }
  node->parts = std::move(*parts);
  return Template(std::move(node));
}

Template Template::literal(Value value, SourcePosition position) {
  auto node = std::make_shared<Node>();
  node->position = position;
  node->literal.root = copy(value, node->literal.arena);
  return Template(std::move(node));
}

Template Template::object(std::vector<std::pair<std::string, Template>> fields, SourcePosition position) {
  auto node = std::make_shared<Node>();
  node->type = Node::Type::object;
  node->position = position;
  node->fields = std::move(fields);
  return Template(std::move(node));
}

Template Template::list(std::vector<Template> items, SourcePosition position) {
  auto node = std::make_shared<Node>();
  node->type = Node::Type::list;
  node->position = position;
  node->items = std::move(items);
  return Template(std::move(node));
}

Template Template::each(Template over, Template item, SourcePosition position) {
  auto node = std::make_shared<Node>();
  node->type = Node::Type::each;
  node->position = position;
  node->items = {std::move(over), std::move(item)};
  return Template(std::move(node));
}

RenderResult Template::render(const Roots& roots, const Scope& bindings, Evaluation& evaluation) const {
  Scope scope = bindings;
  for (const Member& root : roots.members) {
    if (scope.find(root.name) == nullptr) scope.bind(root.name, root.value);
  }
  return Renderer(Value::object(roots.members), scope, evaluation).render(*this);
}

std::vector<Template::Use> Template::expressions() const {
  std::vector<Use> out;
  collect(*this, "", out);
  return out;
}

bool Template::is_constant() const { return expressions().empty(); }

SourcePosition Template::position() const { return node_ ? node_->position : SourcePosition(); }

}  // namespace tenon::mapping
