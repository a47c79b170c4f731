#include "mapping/jsonata/regex.hpp"

#include <re2/re2.h>

#include <array>
#include <cctype>

#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

/// JavaScript's white space, without its brackets (ECMA-262, WhiteSpace and LineTerminator).
constexpr std::string_view kSpace =
    "\\t-\\r \\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}";

/// JavaScript's regular expression syntax as RE2's.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  /// False if RE2 cannot take it; why() then says what.
  bool run() {
    while (at_ < pattern_.size() && why_.empty()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        escape();
      } else if (c == '[' && !in_class_) {
        open_class();
      } else if (c == ']' && in_class_) {
        in_class_ = false;
        take(1);
      } else if (in_class_ && c == '[') {
        out_ += "\\[";
        ++at_;
      } else if (in_class_) {
        take(1);
      } else if (c == '.') {
        out_ += "[^\\n\\r\\x{2028}\\x{2029}]";
        ++at_;
      } else if (c == '(') {
        group();
      } else {
        take(1);
      }
    }
    return why_.empty();
  }

  const std::string& text() const { return out_; }
  const std::string& why() const { return why_; }

 private:
  bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  void take(std::size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  void open_class() {
    if (next_is("[]")) {
      out_ += "[^\\x{0}-\\x{10FFFF}]";
      at_ += 2;
    } else if (next_is("[^]")) {
      out_ += "[\\x{0}-\\x{10FFFF}]";
      at_ += 3;
    } else {
      in_class_ = true;
      take(next_is("[^") ? 2 : 1);
    }
  }

  void group() {
    if (next_is("(?=") || next_is("(?!") || next_is("(?<=") || next_is("(?<!")) {
      why_ = "look-around is not supported: it cannot be matched in linear time";
    } else if (next_is("(?<")) {
      out_ += "(?P<";
      at_ += 3;
    } else if (next_is("(?") && !next_is("(?:")) {
      why_ = "invalid group";
    } else {
      take(1);
    }
  }

  void hex(std::size_t digits) {
    std::string code;
    for (std::size_t i = 0; i < digits && at_ + 2 + i < pattern_.size(); ++i) {
      const char c = pattern_[at_ + 2 + i];
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) break;
      code += c;
    }
    if (code.size() != digits) {  // as JavaScript: the letter itself
      out_ += pattern_[at_ + 1];
      at_ += 2;
      return;
    }
    out_ += "\\x{" + code + "}";
    at_ += 2 + digits;
  }

  void escape() {
    if (at_ + 1 >= pattern_.size()) {
      why_ = "a backslash at the end";
      return;
    }
    const char c = pattern_[at_ + 1];
    if (c >= '1' && c <= '9') {
      if (in_class_) {
        why_ = "octal escapes are not supported";
      } else {
        why_ = "back-references are not supported: they cannot be matched in linear time";
      }
    } else if (c == 'k' && pattern_.substr(at_ + 2, 1) == "<") {
      why_ = "back-references are not supported: they cannot be matched in linear time";
    } else if (c == 'p' || c == 'P') {
      why_ = "Unicode property escapes are not supported";
    } else if (c == 's') {
      out_ += in_class_ ? std::string(kSpace) : "[" + std::string(kSpace) + "]";
      at_ += 2;
    } else if (c == 'S' && !in_class_) {
      out_ += "[^" + std::string(kSpace) + "]";
      at_ += 2;
    } else if (c == 'u' || c == 'x') {
      hex(c == 'u' ? 4 : 2);
    } else if (c == 'c') {
      control();
    } else if (c == '0') {
      out_ += "\\x{0}";
      at_ += 2;
    } else if (c == 'b' && in_class_) {
      out_ += "\\x{8}";
      at_ += 2;
    } else if (std::string_view("bBdDwWSfnrtv").find(c) != std::string_view::npos) {
      take(2);
    } else if (static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out_ += c;  // an escape that means the character itself
      at_ += 2;
    } else {
      take(2);
    }
  }

  void control() {
    const char letter = at_ + 2 < pattern_.size() ? pattern_[at_ + 2] : '\0';
    if (std::isalpha(static_cast<unsigned char>(letter)) == 0) {
      why_ = "invalid control escape";
      return;
    }
    static constexpr char kHex[] = "0123456789abcdef";
    const int code = letter & 0x1f;
    out_ += std::string("\\x{") + kHex[code >> 4] + kHex[code & 15] + "}";
    at_ += 3;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string out_;
  std::string why_;
  bool in_class_ = false;
};

}  // namespace

Regex::Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex::~Regex() = default;

std::string Regex::compile(std::string_view pattern, bool ignore_case, bool multiline) {
  Translator translator(pattern);
  if (!translator.run()) return "in a regular expression: " + translator.why();
  if (holds_surrogates(pattern)) return "in a regular expression: half of a surrogate pair";
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(std::int64_t{2} << 20);
  compiled_ = std::make_unique<re2::RE2>(multiline ? "(?m)" + translator.text() : translator.text(), options);
  if (compiled_->ok()) return {};
  return "in a regular expression: " + compiled_->error();
}

bool Regex::search(std::string_view text, std::size_t from, Match& match) const {
  if (from > text.size()) return false;
  constexpr std::size_t kFew = 16;
  const auto groups = static_cast<std::size_t>(compiled_->NumberOfCapturingGroups());
  std::array<re2::StringPiece, kFew> few;
  std::vector<re2::StringPiece> many;
  re2::StringPiece* found = few.data();
  if (groups + 1 > kFew) {
    many.resize(groups + 1);
    found = many.data();
  }
  const char* base = text.data() != nullptr ? text.data() : "";
  const re2::StringPiece subject(base, text.size());
  if (!compiled_->Match(subject, from, text.size(), re2::RE2::UNANCHORED, found,
                        static_cast<int>(groups + 1))) {
    return false;
  }
  match.start = static_cast<std::size_t>(found[0].data() - base);
  match.end = match.start + found[0].size();
  match.groups.clear();
  for (std::size_t i = 1; i <= groups; ++i) match.groups.emplace_back(found[i].data(), found[i].size());
  return true;
}

}  // namespace tenon::mapping::jsonata
