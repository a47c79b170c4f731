// Parser: tokens to the raw tree, by operator precedence (Pratt), as the reference does.
#pragma once

#include <string_view>
#include <vector>

#include "mapping/jsonata/lexer.hpp"

namespace tenon::mapping::jsonata {

/// Parses program.text from `from` into a raw tree. Throws ParseFailure. Depth and height of the tree are
/// bounded, so that no text can overflow the stack here or later.
class Parser {
 public:
  Parser(Program& program, std::size_t from) : program_(program), lexer_(program, from) {}

  /// The whole rest of the text.
  Node* parse_all();
  /// Up to `}}`; `end` is the offset behind it.
  Node* parse_embedded(std::size_t from, std::size_t& end);

 private:
  static constexpr int kMaxDepth = 300;
  static constexpr int kMaxHeight = 400;

  void advance(bool after_operand = false);
  void expect(std::string_view op, bool after_operand = false);
  Node* expression(int binding_power);
  Node* prefix(const Token& token);
  Node* infix(const Token& token, Node* left);
  Node* infix_bracket(const Token& token, Node* left);
  Node* infix_call(const Token& token, Node* left);
  Node* infix_order(const Token& token, Node* left);
  Node* infix_condition(const Token& token, Node* left);
  Node* infix_bind(const Token& token, Node* left);
  Node* binary(const Token& token, Node* left, NodeType type, Op op, int binding_power);
  Node* block(const Token& token);
  Node* array(const Token& token);
  std::span<Pair> pairs();
  Node* transform(const Token& token);
  void lambda(Node* call);
  const Signature* signature();
  Node* node(NodeType type, const Token& token);
  /// Sets the height from the children, and refuses a tree that is too high.
  Node* finish(Node* made);

  Program& program_;
  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

}  // namespace tenon::mapping::jsonata
