#include "base/json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

namespace tenon {

namespace {

/// The first place at or behind `at` that needs an escape, or the end. Eight bytes at a time.
std::size_t plain_until(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const auto holds_zero = [](std::uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighs; };
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const std::uint64_t controls = (bytes - kOnes * 0x20) & ~bytes & kHighs;
    if ((controls | holds_zero(bytes ^ (kOnes * '"')) | holds_zero(bytes ^ (kOnes * '\\'))) != 0) break;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return at;
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

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {
    out += '0';
    return;
  }
  char buffer[40];
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

void append(std::string& out, Value value, int indent, int depth) {
  const auto line = [&](int level) {
    if (indent == 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent * level), ' ');
  };
  switch (value.kind()) {
    case Kind::boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case Kind::number:
      if (value.number_text().empty()) {
        append_number(out, value.as_double());
      } else {
        out += value.number_text();
      }
      return;
    case Kind::string:
      append_json_string(out, value.as_string());
      return;
    case Kind::array: {
      out += '[';
      bool first = true;
      for (const Value item : value.items()) {
        if (!std::exchange(first, false)) out += ',';
        line(depth + 1);
        append(out, item, indent, depth + 1);
      }
      if (!first) line(depth);
      out += ']';
      return;
    }
    case Kind::object: {
      out += '{';
      bool first = true;
      for (const Member& member : value.members()) {
        if (member.value.is_missing() || member.value.is_function()) continue;
        if (!std::exchange(first, false)) out += ',';
        line(depth + 1);
        append_json_string(out, member.name);
        out += indent ? ": " : ":";
        append(out, member.value, indent, depth + 1);
      }
      if (!first) line(depth);
      out += '}';
      return;
    }
    default:
      out += "null";
  }
}

}  // namespace

void append_json(std::string& out, Value value) { append(out, value, 0, 0); }

std::string to_json(Value value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_pretty_json(Value value) {
  std::string out;
  append(out, value, 2, 0);
  return out;
}

}  // namespace tenon
