// Functions over strings.
#include <algorithm>
#include <cmath>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

Value string(const Call& call) {
  const bool pretty = call[1].is_boolean() && call[1].as_boolean();
  if (call[0].is_function()) return Value::string("");
  return call.evaluator.to_string(call[0], pretty);
}

Value length(const Call& call) {
  if (call[0].is_missing()) return {};
  call.evaluator.charge(call[0].size() / 64);
  return Value::number(static_cast<double>(count_code_points(call[0].as_string())));
}

/// Array.prototype.slice over code points.
Value slice(std::string_view text, double start, double end, double size) {
  const auto place = [size](double at) {
    at = std::trunc(at);
    return std::clamp(at < 0 ? size + at : at, 0.0, size);
  };
  const double from = place(start);
  const double to = place(end);
  if (to <= from) return Value::string("");
  const std::size_t first = offset_of_code_point(text, static_cast<std::size_t>(from));
  const std::string_view rest = text.substr(first);
  return Value::string(rest.substr(0, offset_of_code_point(rest, static_cast<std::size_t>(to - from))));
}

Value substring(const Call& call) {
  if (call[0].is_missing()) return {};
  if (call[1].is_missing()) return call[2].is_missing() ? call[0] : Value::string("");
  const std::string_view text = call[0].as_string();
  call.evaluator.charge(text.size() / 32);
  const auto size = static_cast<double>(count_code_points(text));
  double start = call[1].as_double();
  if (size + start < 0) start = 0;
  if (call[2].is_missing()) return slice(text, start, size, size);
  const double wanted = call[2].as_double();
  if (!(wanted > 0)) return Value::string("");
  // What ends behind the text's end must not count from its end again.
  const double end = start >= 0 ? start + wanted : size + start + wanted;
  return slice(text, start, std::min(end, size), size);
}

Value substring_before(const Call& call) {
  if (call[0].is_missing() || call[1].is_missing()) return call[0];
  const std::string_view text = call[0].as_string();
  call.evaluator.charge(text.size() / 64);
  return Value::string(text.substr(0, text.find(call[1].as_string())));
}

Value substring_after(const Call& call) {
  if (call[0].is_missing() || call[1].is_missing()) return call[0];
  const std::string_view text = call[0].as_string();
  call.evaluator.charge(text.size() / 64);
  const auto at = text.find(call[1].as_string());
  return at == std::string_view::npos ? call[0] : Value::string(text.substr(at + call[1].size()));
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
  return all < 0x80;
}

Value lowercase(const Call& call) {
  if (call[0].is_missing()) return {};
  call.evaluator.charge(call[0].size() / 16);
  const std::string_view text = call[0].as_string();
  if (!is_ascii(text)) return call.evaluator.string(to_lower_case(text));
  return call.evaluator.make_string(text.size(), [text](char* to) {
    for (const char c : text) *to++ = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  });
}

Value uppercase(const Call& call) {
  if (call[0].is_missing()) return {};
  call.evaluator.charge(call[0].size() / 16);
  const std::string_view text = call[0].as_string();
  if (!is_ascii(text)) return call.evaluator.string(to_upper_case(text));
  return call.evaluator.make_string(text.size(), [text](char* to) {
    for (const char c : text) *to++ = static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
  });
}

Value trim(const Call& call) {
  if (call[0].is_missing()) return {};
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  std::string_view text = call[0].as_string();
  call.evaluator.charge(text.size() / 64);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (text.empty()) return Value::string("");
  // Most need no more: single blanks between the words.
  bool mended = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    mended = mended || (is_blank(text[i]) && (text[i] != ' ' || text[i + 1] == ' '));
  }
  if (!mended) return Value::string(text);
  std::string out;
  bool blank = false;
  for (const char c : text) {
    if (is_blank(c)) {
      blank = true;
      continue;
    }
    if (blank && !out.empty()) out += ' ';
    blank = false;
    out += c;
  }
  return call.evaluator.string(out);
}

Value pad(const Call& call) {
  if (call[0].is_missing() || call[1].is_missing()) return call[0];
  const std::string_view text = call[0].as_string();
  std::string_view filler = call[2].is_string() ? call[2].as_string() : " ";
  if (filler.empty()) filler = " ";
  const double width = std::trunc(call[1].as_double());
  const double missing = std::abs(width) - static_cast<double>(count_code_points(text));
  if (!(missing > 0)) return call[0];
  constexpr double kMost = 1e9;
  call.evaluator.check_string(static_cast<std::size_t>(std::min(missing, kMost)));
  std::string padding;
  const auto characters = static_cast<double>(count_code_points(filler));
  const double whole = std::floor(missing / characters);
  call.evaluator.check_string(static_cast<std::size_t>(std::min(whole, kMost)) * filler.size());
  for (double i = 0; i < whole; ++i) padding += filler;
  padding +=
      filler.substr(0, offset_of_code_point(filler, static_cast<std::size_t>(missing - whole * characters)));
  std::string out(text);
  out.insert(width > 0 ? out.size() : 0, padding);
  return call.evaluator.string(out);
}

Value join(const Call& call) {
  if (call[0].is_missing()) return {};
  const std::string_view separator = call[1].is_string() ? call[1].as_string() : "";
  std::string out;
  bool first = true;
  for (const Value part : call[0].items()) {
    call.evaluator.charge(1);
    if (!first) out += separator;
    first = false;
    out += part.as_string();
    call.evaluator.check_string(out.size());
  }
  return call.evaluator.string(out);
}

/// As the reference: each UTF-16 unit's low byte.
Value base64_encode(const Call& call) {
  if (call[0].is_missing()) return {};
  const std::string_view text = call[0].as_string();
  call.evaluator.charge(text.size() / 16);
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t code = next_code_point(text, at);
    if (code >= 0x10000) bytes += static_cast<char>((0xD800 + ((code - 0x10000) >> 10)) & 0xff);
    bytes += static_cast<char>(code >= 0x10000 ? (code - 0x10000) & 0xff : code & 0xff);
  }
  return call.evaluator.string(to_base64(bytes));
}

/// As the reference: what is no digit is skipped, and each byte becomes one character.
Value base64_decode(const Call& call) {
  if (call[0].is_missing()) return {};
  call.evaluator.charge(call[0].size() / 16);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : call[0].as_string()) {
    if (c == '=') break;
    const auto digit = kDigits.find(c == '-' ? '+' : (c == '_' ? '/' : c));
    if (digit == std::string_view::npos) continue;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    append_utf8(out, (bits >> count) & 0xff);
  }
  return call.evaluator.string(out);
}

constexpr std::string_view kReserved = ";/?:@&=+$,#";

[[noreturn]] void malformed_url(const Call& call, std::string_view function) {
  call.evaluator.fail("D3140", "malformed text passed to $" + std::string(function));
}

Value encode(const Call& call, std::string_view kept, std::string_view function) {
  if (call[0].is_missing()) return {};
  if (!is_utf8(call[0].as_string())) malformed_url(call, function);
  call.evaluator.charge(call[0].size() / 16);
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : call[0].as_string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.!~*'()").find(c) != std::string_view::npos ||
                       kept.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    out += '%';
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return call.evaluator.string(out);
}

Value decode(const Call& call, std::string_view kept, std::string_view function) {
  if (call[0].is_missing()) return {};
  const std::string_view text = call[0].as_string();
  call.evaluator.charge(text.size() / 16);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) malformed_url(call, function);
    if (kept.find(byte->front()) != std::string_view::npos) {
      out.append(text, i, 3);
    } else {
      out += byte->front();
    }
    i += 2;
  }
  if (!is_utf8(out)) malformed_url(call, function);
  return call.evaluator.string(out);
}

Value encode_url_component(const Call& call) { return encode(call, "", "encodeUrlComponent"); }
Value encode_url(const Call& call) { return encode(call, kReserved, "encodeUrl"); }
Value decode_url_component(const Call& call) { return decode(call, "", "decodeUrlComponent"); }
Value decode_url(const Call& call) { return decode(call, kReserved, "decodeUrl"); }

constexpr Builtin kFunctions[] = {
    {"string", "<x-b?:s>", string, 1},
    {"substring", "<s-nn?:s>", substring, 3},
    {"substringBefore", "<s-s:s>", substring_before, 2},
    {"substringAfter", "<s-s:s>", substring_after, 2},
    {"lowercase", "<s-:s>", lowercase, 1},
    {"uppercase", "<s-:s>", uppercase, 1},
    {"length", "<s-:n>", length, 1},
    {"trim", "<s-:s>", trim, 1},
    {"pad", "<s-ns?:s>", pad, 3},
    {"join", "<a<s>s?:s>", join, 2},
    {"base64encode", "<s-:s>", base64_encode, 1},
    {"base64decode", "<s-:s>", base64_decode, 1},
    {"encodeUrlComponent", "<s-:s>", encode_url_component, 1},
    {"encodeUrl", "<s-:s>", encode_url, 1},
    {"decodeUrlComponent", "<s-:s>", decode_url_component, 1},
    {"decodeUrl", "<s-:s>", decode_url, 1},
};

}  // namespace

std::span<const Builtin> string_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
