#include "mapping/jsonata/lexer.hpp"

#include <charconv>
#include <cmath>

#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr std::string_view kBlank = " \t\n\r\v";
/// Characters that end a name; each is an operator of its own or begins one.
constexpr std::string_view kOperators = ".[]{}(),@#;:?+-*/%|=<>^&!~";
constexpr std::string_view kPairs[] = {"..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Bytes of a number at the start of `text`, without its sign; 0 if there is none.
std::size_t number_length(std::string_view text) {
  std::size_t i = 0;
  const auto at = [&](std::size_t n) { return n < text.size() ? text[n] : '\0'; };
  if (!is_digit(at(0))) return 0;
  if (at(0) == '0') {
    i = 1;
  } else {
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == '.' && is_digit(at(i + 1))) {
    i += 2;
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == 'e' || at(i) == 'E') {
    std::size_t digits = i + 1;
    if (at(digits) == '+' || at(digits) == '-') ++digits;
    if (is_digit(at(digits))) {
      i = digits;
      while (is_digit(at(i))) ++i;
    }
  }
  return i;
}

}  // namespace

void fail(std::string code, std::string message, std::size_t offset, std::size_t length) {
  throw ParseFailure{{std::move(code), std::move(message), offset, length, {}}};
}

void Lexer::skip_blank() {
  for (;;) {
    while (at_ < text_.size() && kBlank.find(text_[at_]) != std::string_view::npos) ++at_;
    if (peek() != '/' || peek(1) != '*') return;
    const auto close = text_.find("*/", at_ + 2);
    if (close == std::string_view::npos) fail("S0106", "comment has no closing `*/`", at_, 2);
    at_ = close + 2;
  }
}

Token Lexer::make(TokenType type, std::size_t from) const {
  Token token;
  token.type = type;
  token.offset = static_cast<std::uint32_t>(from);
  token.length = static_cast<std::uint32_t>(at_ - from);
  return token;
}

Token Lexer::next(bool after_operand) {
  skip_blank();
  const std::size_t from = at_;
  if (at_ - from_ > kMaxLength) fail("too_long", "the expression is longer than 64 KiB", from_);
  if (at_ >= text_.size()) return make(TokenType::end, from);
  const char c = text_[at_];
  if (c == '/' && !after_operand) return read_regex();
  std::size_t length = kOperators.find(c) != std::string_view::npos ? 1 : 0;
  for (const std::string_view pair : kPairs) {
    if (text_.substr(at_, 2) == pair) length = 2;
  }
  if (length > 0) {
    at_ += length;
    Token token = make(TokenType::op, from);
    token.text = text_.substr(from, length);
    return token;
  }
  if (c == '"' || c == '\'') return read_string();
  if (const std::size_t digits = number_length(text_.substr(at_))) return read_number(digits);
  return read_name();
}

std::uint32_t Lexer::read_hex() {
  std::uint32_t unit = 0;
  const auto digits = text_.substr(at_ + 1, 4);
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  if (code != std::errc() || end != digits.data() + 4) {
    const bool cut = !digits.empty() && digits.size() < 4 && end == digits.data() + digits.size();
    if (cut) fail("S0101", "string literal must be terminated by a matching quote", at_ - 1, 2);
    fail("S0104", "the escape sequence \\u must be followed by 4 hex digits", at_ - 1, 2);
  }
  at_ += 4;
  return unit;
}

/// `at_` stands on the character behind the backslash, and on the escape's last one afterwards.
void Lexer::append_escape(std::string& out) {
  constexpr std::string_view kFrom = "\"\\/bfnrt";
  constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  const char c = peek();
  if (const auto found = kFrom.find(c); found != std::string_view::npos && at_ < text_.size()) {
    out += kTo[found];
    return;
  }
  if (c != 'u') fail("S0103", "unsupported escape sequence in a string", at_ - 1, 2);
  std::uint32_t unit = read_hex();
  if (is_high_surrogate(unit) && peek(1) == '\\' && peek(2) == 'u') {
    const std::size_t before = at_;
    at_ += 2;
    const std::uint32_t low = read_hex();
    if (is_low_surrogate(low)) {
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = before;
    }
  }
  program_.has_surrogates |= is_high_surrogate(unit) || is_low_surrogate(unit);
  append_utf8(out, unit);
}

Token Lexer::read_string() {
  const std::size_t from = at_;
  const char quote = text_[at_++];
  std::string out;
  std::size_t plain = at_;
  for (;; ++at_) {
    if (at_ >= text_.size()) {
      fail("S0101", "string literal must be terminated by a matching quote", from, 1);
    }
    const char c = text_[at_];
    if (c == quote) break;
    if (c != '\\') continue;
    out.append(text_, plain, at_ - plain);
    ++at_;
    append_escape(out);
    plain = at_ + 1;
  }
  const bool escaped = plain != from + 1;
  if (escaped) out.append(text_, plain, at_ - plain);
  const std::string_view whole = text_.substr(from + 1, at_ - from - 1);
  ++at_;
  Token token = make(TokenType::string, from);
  token.text = program_.arena.copy(escaped ? std::string_view(out) : whole);
  token.value = Value::string(token.text);
  return token;
}

Token Lexer::read_number(std::size_t length) {
  const std::size_t from = at_;
  const std::string_view digits = text_.substr(from, length);
  at_ += length;
  const double number = Value::number_text(digits).as_double();
  if (!std::isfinite(number)) fail("S0102", "number out of range", from, length);
  Token token = make(TokenType::number, from);
  token.text = digits;
  token.value = Value::number(number);
  return token;
}

/// Everything to a slash that is outside brackets and not escaped, then the flags.
Token Lexer::read_regex() {
  const std::size_t from = at_++;
  int depth = 0;
  const auto escaped = [&](std::size_t at) {
    std::size_t slashes = 0;
    while (at > from + 1 + slashes && text_[at - 1 - slashes] == '\\') ++slashes;
    return slashes % 2 == 1;
  };
  for (;; ++at_) {
    if (at_ >= text_.size()) fail("S0302", "no terminating `/` in a regular expression", from, 1);
    const char c = text_[at_];
    if (c == '/' && depth == 0 && !escaped(at_)) break;
    const bool after_slash = text_[at_ - 1] == '\\';
    if ((c == '(' || c == '[' || c == '{') && !after_slash) ++depth;
    if ((c == ')' || c == ']' || c == '}') && !after_slash) --depth;
  }
  const std::string_view pattern = text_.substr(from + 1, at_ - from - 1);
  if (pattern.empty()) fail("S0301", "empty regular expressions are not allowed", from, 2);
  ++at_;
  bool ignore_case = false;
  bool multiline = false;
  for (; peek() == 'i' || peek() == 'm'; ++at_) (peek() == 'i' ? ignore_case : multiline) = true;
  Regex regex;
  if (auto why = regex.compile(pattern, ignore_case, multiline); !why.empty()) {
    fail("regex", std::move(why), from, at_ - from);
  }
  program_.regexes.push_back(std::move(regex));
  Token token = make(TokenType::regex, from);
  token.regex = &program_.regexes.back();
  return token;
}

Token Lexer::read_name() {
  const std::size_t from = at_;
  if (text_[at_] == '`') {
    const auto close = text_.find('`', at_ + 1);
    if (close == std::string_view::npos) {
      fail("S0105", "quoted property name must be terminated with a backquote (`)", from, 1);
    }
    at_ = close + 1;
    Token token = make(TokenType::name, from);
    token.text = program_.arena.copy(text_.substr(from + 1, close - from - 1));
    return token;
  }
  while (at_ < text_.size() && kBlank.find(text_[at_]) == std::string_view::npos &&
         kOperators.find(text_[at_]) == std::string_view::npos) {
    ++at_;
  }
  const std::string_view name = program_.arena.copy(text_.substr(from, at_ - from));
  Token token = make(TokenType::name, from);
  token.text = name;
  if (name.front() == '$') {
    token.type = TokenType::variable;
    token.text.remove_prefix(1);
  } else if (name == "and" || name == "or" || name == "in") {
    token.type = TokenType::op;
  } else if (name == "true" || name == "false") {
    token.type = TokenType::value;
    token.value = Value::boolean(name == "true");
  } else if (name == "null") {
    token.type = TokenType::value;
    token.value = Value::null();
  }
  return token;
}

}  // namespace tenon::mapping::jsonata
