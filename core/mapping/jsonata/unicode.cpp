#include "mapping/jsonata/unicode.hpp"

#include <algorithm>
#include <span>

#include "mapping/jsonata/case_tables.hpp"

namespace tenon::mapping::jsonata {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

struct CaseTable {
  std::span<const CaseRange> ranges;
  std::span<const CaseSpecial> specials;
};

void append_mapped(std::string& out, std::uint32_t code, const CaseTable& table) {
  const auto special =
      std::lower_bound(table.specials.begin(), table.specials.end(), code,
                       [](const CaseSpecial& s, std::uint32_t c) { return s.character < c; });
  if (special != table.specials.end() && special->character == code) {
    out += special->mapped;
    return;
  }
  auto range = std::upper_bound(table.ranges.begin(), table.ranges.end(), code,
                                [](std::uint32_t c, const CaseRange& r) { return c < r.first; });
  // Ranges of every second character overlap their neighbours a little.
  for (int looked = 0; looked < 4 && range != table.ranges.begin(); ++looked) {
    --range;
    if (code > range->last || (code - range->first) % range->stride != 0) continue;
    code = static_cast<std::uint32_t>(static_cast<std::int64_t>(code) + range->delta);
    break;
  }
  append_utf8(out, code);
}

/// True for what Unicode calls cased, nearly: a letter that has another case.
bool is_cased(std::uint32_t code) {
  if (code < 0x80) return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
  std::string plain;
  std::string mapped;
  append_utf8(plain, code);
  append_mapped(mapped, code, {{kUpperRanges, kUpperRangeCount}, {kUpperSpecials, kUpperSpecialCount}});
  if (mapped != plain) return true;
  mapped.clear();
  append_mapped(mapped, code, {{kLowerRanges, kLowerRangeCount}, {kLowerSpecials, kLowerSpecialCount}});
  return mapped != plain;
}

constexpr std::uint32_t kCapitalSigma = 0x3A3;
constexpr std::uint32_t kFinalSigma = 0x3C2;

}  // namespace

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0xC0) return lead;
  const int more = lead >= 0xF0 ? 3 : (lead >= 0xE0 ? 2 : 1);
  std::uint32_t code = lead & (0x3FU >> more);
  for (int i = 0; i < more && at < text.size() && is_continuation(text[at]); ++i) {
    code = (code << 6) | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  }
  return code;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::size_t count_utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    if (!is_continuation(c)) units += static_cast<unsigned char>(c) >= 0xF0 ? 2 : 1;
  }
  return units;
}

std::size_t offset_of_code_point(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (is_continuation(text[at])) continue;
    if (n == 0) return at;
    --n;
  }
  return at;
}

int compare_utf16(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  const auto [left, right] =
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(common), b.begin());
  if (left == a.begin() + static_cast<std::ptrdiff_t>(common)) {
    return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
  }
  const auto x = static_cast<unsigned char>(*left);
  const auto y = static_cast<unsigned char>(*right);
  // Surrogates (for F0 and up) sort below U+E000..U+FFFF (EE and EF).
  const auto rank = [](unsigned c) { return c == 0xEE || c == 0xEF ? c + 0x100 : c; };
  return rank(x) < rank(y) ? -1 : 1;
}

std::string to_upper_case(std::string_view text) {
  const CaseTable table{{kUpperRanges, kUpperRangeCount}, {kUpperSpecials, kUpperSpecialCount}};
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      ++at;
    } else {
      append_mapped(out, next_code_point(text, at), table);
    }
  }
  return out;
}

std::string to_lower_case(std::string_view text) {
  const CaseTable table{{kLowerRanges, kLowerRangeCount}, {kLowerSpecials, kLowerSpecialCount}};
  std::string out;
  out.reserve(text.size());
  bool after_letter = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      ++at;
      after_letter = is_cased(static_cast<unsigned char>(c));
      continue;
    }
    const std::uint32_t code = next_code_point(text, at);
    if (code == kCapitalSigma && after_letter) {
      std::size_t ahead = at;
      const bool before_letter = at < text.size() && is_cased(next_code_point(text, ahead));
      append_utf8(out, before_letter ? kCapitalSigma + 0x20 : kFinalSigma);
    } else {
      append_mapped(out, code, table);
    }
    after_letter = is_cased(code);
  }
  return out;
}

bool holds_surrogates(std::string_view text) {
  for (std::size_t at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
  }
  return false;
}

std::string without_surrogates(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t code = next_code_point(text, at);
    append_utf8(out, is_high_surrogate(code) || is_low_surrogate(code) ? 0xFFFD : code);
  }
  return out;
}

}  // namespace tenon::mapping::jsonata
