#include "mapping/jsonata/parser.hpp"

#include <algorithm>
#include <initializer_list>

namespace tenon::mapping::jsonata {
namespace {

struct Power {
  std::string_view op;
  int power;
  Op binary;
};

/// Binding powers of what may follow an operand; the reference's table.
constexpr Power kPowers[] = {
    {".", 75, Op::none},        {"[", 80, Op::none},
    {"{", 70, Op::none},        {"(", 80, Op::none},
    {"@", 80, Op::none},        {"#", 80, Op::none},
    {"?", 20, Op::none},        {"+", 50, Op::add},
    {"-", 50, Op::subtract},    {"*", 60, Op::multiply},
    {"/", 60, Op::divide},      {"%", 60, Op::modulo},
    {"=", 40, Op::equal},       {"<", 40, Op::less},
    {">", 40, Op::greater},     {"^", 40, Op::none},
    {":=", 10, Op::none},       {"!=", 40, Op::not_equal},
    {"<=", 40, Op::less_equal}, {">=", 40, Op::greater_equal},
    {"~>", 40, Op::none},       {"?:", 40, Op::none},
    {"??", 40, Op::none},       {"and", 30, Op::logical_and},
    {"or", 25, Op::logical_or}, {"in", 40, Op::in},
    {"&", 50, Op::concat},
};

const Power* power_of(const Token& token) {
  if (token.type != TokenType::op) return nullptr;
  for (const Power& power : kPowers) {
    if (power.op == token.text) return &power;
  }
  return nullptr;
}

std::string shown(const Token& token) {
  return token.type == TokenType::string ? "a string" : "`" + std::string(token.text) + "`";
}

}  // namespace

Node* Parser::node(NodeType type, const Token& token) {
  Node* made = program_.make(type, token.offset, token.length);
  made->text = token.text;
  return made;
}

Node* Parser::finish(Node* made) {
  int height = 0;
  const auto see = [&](const Node* child) {
    if (child != nullptr) height = std::max<int>(height, child->height);
  };
  see(made->lhs);
  see(made->rhs);
  see(made->third);
  for (const Node* item : made->items) see(item);
  for (const Pair& pair : made->pairs) see(pair.key), see(pair.value);
  for (const SortTerm& term : made->terms) see(term.expression);
  if (height >= kMaxHeight) fail("too_deep", "the expression is nested too deep", made->offset);
  made->height = static_cast<std::uint16_t>(height + 1);
  return made;
}

void Parser::advance(bool after_operand) {
  token_ = lexer_.next(after_operand);
  if (token_.is("!") || token_.is("~")) {
    fail("S0204", "unknown operator: " + shown(token_), token_.offset, token_.length);
  }
}

void Parser::expect(std::string_view op, bool after_operand) {
  if (!token_.is(op)) {
    if (token_.type == TokenType::end) {
      fail("S0203", "expected `" + std::string(op) + "` before the end of the expression", token_.offset, 0);
    }
    fail("S0202", "expected `" + std::string(op) + "`, got " + shown(token_), token_.offset, token_.length);
  }
  advance(after_operand);
}

Node* Parser::parse_all() {
  advance();
  Node* root = expression(0);
  if (token_.type != TokenType::end) {
    fail("S0201", "syntax error at " + shown(token_), token_.offset, token_.length);
  }
  return root;
}

Node* Parser::parse_embedded(std::size_t from, std::size_t& end) {
  advance();
  Node* root = expression(0);
  const std::size_t opened = from >= 3 ? from - 3 : 0;
  if (token_.type == TokenType::end) fail("unclosed", "unclosed `${{`: no `}}` ends it", opened, 3);
  if (!token_.is("}") || program_.source.substr(token_.offset, 2) != "}}") {
    fail("S0201", "syntax error at " + shown(token_) + ": expected an operator or `}}`", token_.offset,
         token_.length);
  }
  end = token_.offset + 2;
  return root;
}

Node* Parser::expression(int binding_power) {
  if (++depth_ > kMaxDepth) fail("too_deep", "the expression is nested too deep", token_.offset);
  const Token first = token_;
  advance(true);
  Node* left = prefix(first);
  for (;;) {
    const Power* power = power_of(token_);
    if (power == nullptr || power->power <= binding_power) break;
    const Token op = token_;
    advance();
    left = finish(infix(op, left));
  }
  --depth_;
  return left;
}

Node* Parser::prefix(const Token& token) {
  switch (token.type) {
    case TokenType::end:
      return node(NodeType::end, token);
    case TokenType::name:
      return node(NodeType::name, token);
    case TokenType::variable:
      return node(NodeType::variable, token);
    case TokenType::string:
    case TokenType::number:
    case TokenType::value: {
      Node* literal = node(NodeType::literal, token);
      literal->value = token.value;
      return literal;
    }
    case TokenType::regex: {
      Node* regex = node(NodeType::regex, token);
      regex->regex = token.regex;
      return regex;
    }
    case TokenType::op:
      break;
  }
  if (token.text == "and" || token.text == "or" || token.text == "in") return node(NodeType::word, token);
  if (token.text == "*") return node(NodeType::wildcard, token);
  if (token.text == "**") return node(NodeType::descendant, token);
  if (token.text == "%") return node(NodeType::parent, token);
  if (token.text == "(") return block(token);
  if (token.text == "[") return array(token);
  if (token.text == "|") return transform(token);
  if (token.text == "-") {
    Node* negate = node(NodeType::negate, token);
    negate->lhs = expression(70);
    return finish(negate);
  }
  if (token.text == "{") {
    Node* object = node(NodeType::object, token);
    object->pairs = pairs();
    return finish(object);
  }
  fail("S0211", "the symbol `" + std::string(token.text) + "` cannot be used as a unary operator",
       token.offset, token.length);
}

Node* Parser::infix(const Token& token, Node* left) {
  const Power& power = *power_of(token);
  if (power.binary != Op::none) return binary(token, left, NodeType::binary, power.binary, power.power);
  if (token.text == ".") return binary(token, left, NodeType::dot, Op::none, power.power);
  if (token.text == "~>") return binary(token, left, NodeType::apply, Op::none, power.power);
  if (token.text == "[") return infix_bracket(token, left);
  if (token.text == "(") return infix_call(token, left);
  if (token.text == "^") return infix_order(token, left);
  if (token.text == ":=" || token.text == "@" || token.text == "#") return infix_bind(token, left);
  if (token.text == "{") {
    Node* group = node(NodeType::group, token);
    group->lhs = left;
    group->pairs = pairs();
    return group;
  }
  return infix_condition(token, left);
}

Node* Parser::binary(const Token& token, Node* left, NodeType type, Op op, int binding_power) {
  Node* made = node(type, token);
  made->op = op;
  made->lhs = left;
  made->rhs = expression(binding_power);
  return made;
}

Node* Parser::infix_bracket(const Token& token, Node* left) {
  if (token_.is("]")) {
    // An empty predicate: singletons stay lists.
    Node* step = left;
    while (step->type == NodeType::filter) step = step->lhs;
    step->keep_array = true;
    expect("]");
    return left;
  }
  Node* filter = node(NodeType::filter, token);
  filter->lhs = left;
  filter->rhs = expression(0);
  expect("]", true);
  return filter;
}

Node* Parser::infix_call(const Token& token, Node* left) {
  Node* call = node(NodeType::function, token);
  call->lhs = left;
  std::vector<Node*> arguments;
  while (!token_.is(")")) {
    if (token_.is("?")) {
      call->type = NodeType::partial;
      arguments.push_back(node(NodeType::placeholder, token_));
      advance();
    } else {
      arguments.push_back(expression(0));
    }
    if (!token_.is(",")) break;
    advance();
    if (token_.is(")")) arguments.push_back(expression(0));  // a trailing comma is an error, named there
  }
  expect(")", true);
  call->items = program_.list(arguments);
  const bool is_lambda = left->type == NodeType::name && (left->text == "function" || left->text == "\u03BB");
  if (is_lambda) lambda(call);
  return call;
}

void Parser::lambda(Node* call) {
  for (std::size_t i = 0; i < call->items.size(); ++i) {
    const Node* parameter = call->items[i];
    if (parameter->type == NodeType::variable) continue;
    fail("S0208",
         "parameter " + std::to_string(i + 1) +
             " of a function definition must be a variable name (start with $)",
         parameter->offset, parameter->length);
  }
  call->type = NodeType::lambda;
  if (token_.is("<")) call->signature = signature();
  expect("{");
  call->lhs = expression(0);
  expect("}");
}

const Signature* Parser::signature() {
  const std::uint32_t from = token_.offset;
  std::string text = "<";
  int depth = 1;
  while (depth > 0 && !token_.is("{") && token_.type != TokenType::end) {
    advance();
    if (token_.is(">")) --depth;
    if (token_.is("<")) ++depth;
    text += token_.text;
  }
  expect(">");
  Signature parsed;
  const auto problem = parsed.parse(text);
  if (!problem.code.empty()) {
    fail(std::string(problem.code),
         problem.code == "S0401" ? "type parameters can only be applied to functions and arrays"
                                 : "choice groups containing parameterized types are not supported",
         from + problem.offset);
  }
  program_.signatures.push_back(std::move(parsed));
  return &program_.signatures.back();
}

Node* Parser::infix_order(const Token& token, Node* left) {
  expect("(");
  std::vector<SortTerm> terms;
  for (;;) {
    SortTerm term{nullptr, token_.is(">")};
    if (token_.is("<") || token_.is(">")) advance();
    term.expression = expression(0);
    terms.push_back(term);
    if (!token_.is(",")) break;
    advance();
  }
  expect(")");
  Node* order = node(NodeType::order, token);
  order->lhs = left;
  order->terms = program_.list(terms);
  return order;
}

Node* Parser::infix_condition(const Token& token, Node* left) {
  const bool ternary = token.text == "?";
  Node* made = node(
      ternary ? NodeType::condition : (token.text == "??" ? NodeType::coalesce : NodeType::fallback), token);
  made->lhs = left;
  if (!ternary) {
    made->third = expression(0);
    return made;
  }
  made->rhs = expression(0);
  if (token_.is(":")) {
    advance();
    made->third = expression(0);
  }
  return made;
}

Node* Parser::infix_bind(const Token& token, Node* left) {
  if (token.text == ":=") {
    if (left->type != NodeType::variable) {
      fail("S0212", "the left side of := must be a variable name (start with $)", left->offset, left->length);
    }
    return binary(token, left, NodeType::bind, Op::none, 9);
  }
  Node* made = binary(token, left, token.text == "@" ? NodeType::focus : NodeType::index, Op::none, 80);
  if (made->rhs->type != NodeType::variable) {
    fail("S0214", "the right side of " + std::string(token.text) + " must be a variable name (start with $)",
         made->rhs->offset, made->rhs->length);
  }
  return made;
}

Node* Parser::block(const Token& token) {
  Node* made = node(NodeType::block, token);
  std::vector<Node*> expressions;
  while (!token_.is(")")) {
    expressions.push_back(expression(0));
    if (!token_.is(";")) break;
    advance();
  }
  expect(")", true);
  made->items = program_.list(expressions);
  return finish(made);
}

Node* Parser::array(const Token& token) {
  Node* made = node(NodeType::array, token);
  std::vector<Node*> elements;
  if (!token_.is("]")) {
    for (;;) {
      Node* element = expression(0);
      if (token_.is("..")) {
        const Token range = token_;
        advance();
        element = finish(binary(range, element, NodeType::binary, Op::range, 0));
      }
      elements.push_back(element);
      if (!token_.is(",")) break;
      advance();
    }
  }
  expect("]", true);
  made->items = program_.list(elements);
  return finish(made);
}

std::span<Pair> Parser::pairs() {
  std::vector<Pair> made;
  if (!token_.is("}")) {
    for (;;) {
      Node* key = expression(0);
      expect(":");
      made.push_back({key, expression(0)});
      if (!token_.is(",")) break;
      advance();
    }
  }
  expect("}", true);
  return program_.list(made);
}

Node* Parser::transform(const Token& token) {
  Node* made = node(NodeType::transform, token);
  made->lhs = expression(0);
  expect("|");
  made->rhs = expression(0);
  if (token_.is(",")) {
    advance();
    made->third = expression(0);
  }
  expect("|");
  return finish(made);
}

}  // namespace tenon::mapping::jsonata
