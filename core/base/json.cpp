#include "base/json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

namespace tenon {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

/// True if one of eight characters needs an escape.
bool any_special(std::uint64_t bytes) {
  const auto holds_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  const std::uint64_t controls = (bytes - kOnes * 0x20) & ~bytes & kHighs;
  return (controls | holds_zero(bytes ^ (kOnes * '"')) | holds_zero(bytes ^ (kOnes * '\\'))) != 0;
}

/// The first place at or behind `at` that needs an escape, or the end. Eight bytes at a time.
std::size_t plain_until(std::string_view text, std::size_t at) {
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if (any_special(bytes)) break;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return at;
}

/// Copies `size` bytes; false if one of them needs an escape, and what was copied is of no use.
bool copy_plain(char* to, const char* from, std::size_t size) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  constexpr std::size_t kHalf = kWord / 2;
  if (size < kHalf) {
    std::uint64_t bytes = kOnes * ' ';
    std::memcpy(&bytes, from, size);
    std::memcpy(to, from, size);
    return !any_special(bytes);
  }
  if (size < kWord) {
    // Two halves that overlap.
    std::uint32_t halves[2];
    std::memcpy(&halves[0], from, kHalf);
    std::memcpy(&halves[1], from + size - kHalf, kHalf);
    std::memcpy(to, &halves[0], kHalf);
    std::memcpy(to + size - kHalf, &halves[1], kHalf);
    return !any_special(halves[0] | (std::uint64_t{halves[1]} << 32));
  }
  bool special = false;
  const auto copy_word = [&](std::size_t at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, from + at, kWord);
    std::memcpy(to + at, &bytes, kWord);
    special |= any_special(bytes);
  };
  for (std::size_t at = 0; at + kWord <= size; at += kWord) copy_word(at);
  copy_word(size - kWord);
  return !special;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = plain_until(text, 0); i < text.size(); i = plain_until(text, i + 1)) {
    const auto c = static_cast<unsigned char>(text[i]);
    out.append(text, from, i - from);
    from = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, from, text.size() - from);
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

namespace {

/// ECMA-262's form of `[-]d.dddde[+-]xx`.
void append_decimal(std::string& out, std::string_view text) {
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const auto e = text.find('e');
  int exponent = 0;
  const std::string_view shown = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(shown.data(), shown.data() + shown.size(), exponent);
  const char first = text[0];
  const std::string_view rest = e > 2 ? text.substr(2, e - 2) : std::string_view();
  const int count = static_cast<int>(rest.size()) + 1;
  const int point = exponent + 1;  // ECMA-262's n
  if (count <= point && point <= 21) {
    out += first;
    out += rest;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    const auto before = static_cast<std::size_t>(point - 1);
    out += first;
    out += rest.substr(0, before);
    out += '.';
    out += rest.substr(before);
  } else if (-6 < point && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += first;
    out += rest;
  } else {
    out += first;
    if (count > 1) {
      out += '.';
      out += rest;
    }
    out += 'e';
    out += point - 1 < 0 ? '-' : '+';
    out += std::to_string(std::abs(point - 1));
  }
}

}  // namespace

namespace {

/// Numbers as prices are: whole, or with at most four decimals, and of at most 15 digits, so that no two of
/// them are the same double (DBL_DIG) and the first that reads back is the shortest. Its end; nullptr for
/// others.
char* write_short(char* to, char* end, double number) {
  constexpr double kScale = 10'000;
  constexpr double kMost = 1e15;
  constexpr int kDecimals = 4;
  const double scaled = number * kScale;
  if (!(scaled > -kMost && scaled < kMost)) return nullptr;
  auto digits = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  if (static_cast<double>(digits) / kScale != number) return nullptr;
  if (digits < 0) *to++ = '-', digits = -digits;
  constexpr std::int64_t kUnit = 10'000;
  to = std::to_chars(to, end, digits / kUnit).ptr;
  auto fraction = static_cast<int>(digits % kUnit);
  if (fraction == 0) return to;
  *to++ = '.';
  for (int i = kDecimals; i-- > 0; fraction /= 10) to[i] = static_cast<char>('0' + fraction % 10);
  to += kDecimals;
  while (to[-1] == '0') --to;
  return to;
}

}  // namespace

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char buffer[40];
  if (char* short_end = write_short(buffer, buffer + sizeof buffer, number)) {
    out.append(buffer, short_end);
    return;
  }
  constexpr double kExact = 9007199254740992;  // 2^53
  if (number > -kExact && number < kExact && number == std::trunc(number)) {
    const auto whole = std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(number));
    out.append(buffer, whole.ptr);
    return;
  }
  const auto scientific =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  append_decimal(out, {buffer, static_cast<std::size_t>(scientific.ptr - buffer)});
}

namespace {

/// Writes values into a chunk that goes into the text whole: most pieces are a few characters, and a string
/// asks for room and ends itself anew with each.
class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}
  ~Writer() { flush(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(Value value, std::size_t depth) {
    switch (value.kind()) {
      case Kind::boolean:
        return put(value.as_boolean() ? "true" : "false");
      case Kind::number:
        return number(value);
      case Kind::string:
        return string(value.as_string());
      case Kind::array:
        return array(value, depth);
      case Kind::object:
        return object(value, depth);
      default:
        return put("null");
    }
  }

 private:
  void put(char c) {
    if (used_ == sizeof chunk_) flush();
    chunk_[used_++] = c;
  }

  void put(std::string_view text) {
    if (!make_room(text.size())) {
      out_ += text;
      return;
    }
    std::memcpy(chunk_ + used_, text.data(), text.size());
    used_ += text.size();
  }

  /// False if the chunk is too small for that: it is empty then.
  bool make_room(std::size_t size) {
    if (size <= sizeof chunk_ - used_) return true;
    flush();
    return size <= sizeof chunk_;
  }

  void flush() {
    out_.append(chunk_, used_);
    used_ = 0;
  }

  void string(std::string_view text) {
    if (make_room(text.size() + 2) && copy_plain(chunk_ + used_ + 1, text.data(), text.size())) {
      chunk_[used_] = '"';
      chunk_[used_ + text.size() + 1] = '"';
      used_ += text.size() + 2;
      return;
    }
    flush();
    append_json_string(out_, text);
  }

  void number(Value value) {
    if (!value.number_text().empty()) return put(value.number_text());
    constexpr std::size_t kRoom = 24;
    make_room(kRoom);
    if (char* end = write_short(chunk_ + used_, chunk_ + sizeof chunk_, value.as_double())) {
      used_ = static_cast<std::size_t>(end - chunk_);
      return;
    }
    flush();
    append_number(out_, value.as_double());
  }

  void array(Value value, std::size_t depth) {
    put('[');
    bool first = true;
    for (const Value item : value.items()) {
      if (!std::exchange(first, false)) put(',');
      line(depth + 1);
      write(item, depth + 1);
    }
    if (!first) line(depth);
    put(']');
  }

  void object(Value value, std::size_t depth) {
    put('{');
    bool first = true;
    for (const Member& member : value.members()) {
      if (member.value.is_missing() || member.value.is_function()) continue;
      if (!std::exchange(first, false)) put(',');
      line(depth + 1);
      string(member.name);
      put(':');
      if (pretty_) put(' ');
      write(member.value, depth + 1);
    }
    if (!first) line(depth);
    put('}');
  }

  void line(std::size_t level) {
    if (!pretty_) return;
    put('\n');
    for (std::size_t i = 0; i < level; ++i) put("  ");
  }

  std::string& out_;
  const bool pretty_;
  std::size_t used_ = 0;
  char chunk_[512];
};

}  // namespace

void append_json(std::string& out, Value value) { Writer(out, false).write(value, 0); }

std::string to_json(Value value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_pretty_json(Value value) {
  std::string out;
  Writer(out, true).write(value, 0);
  return out;
}

}  // namespace tenon
