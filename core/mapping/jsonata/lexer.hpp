// Lexer: an expression's text as tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mapping/jsonata/ast.hpp"

namespace tenon::mapping::jsonata {

enum class TokenType : std::uint8_t { end, op, name, variable, string, number, value, regex };

struct Token {
  TokenType type = TokenType::end;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::string_view text;  ///< operator, name without quotes, variable without `$`
  Value value;            ///< of a literal
  const Regex* regex = nullptr;

  bool is(std::string_view op_text) const { return type == TokenType::op && text == op_text; }
};

/// What went wrong at parse time; thrown inside the parser, never beyond Expression::parse.
struct ParseFailure {
  ParseError error;
};

[[noreturn]] void fail(std::string code, std::string message, std::size_t offset, std::size_t length = 1);

class Lexer {
 public:
  /// Names and literals are kept in `program`, whose source is lexed from `from` on.
  Lexer(Program& program, std::size_t from)
      : program_(program), text_(program.source), from_(from), at_(from) {}

  static constexpr std::size_t kMaxLength = std::size_t{64} << 10;

  /// The next token. `after_operand`: a `/` is a division, not a regular expression.
  Token next(bool after_operand);
  std::size_t position() const { return at_; }

 private:
  void skip_blank();
  Token make(TokenType type, std::size_t from) const;
  Token read_string();
  Token read_number(std::size_t length);
  Token read_regex();
  Token read_name();
  void append_escape(std::string& out);
  std::uint32_t read_hex();
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  Program& program_;
  std::string_view text_;
  std::size_t from_;
  std::size_t at_;
};

}  // namespace tenon::mapping::jsonata
