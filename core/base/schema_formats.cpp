#include "base/schema_formats.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace tenon {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"date",     "date-rfc2822", "date-time", "email",
                                                    "hostname", "uri",          "uuid"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// `count` digits from `at` on.
std::optional<int> number(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

bool is_date(std::string_view t) {
  if (t.size() != 10 || t[4] != '-' || t[7] != '-') return false;
  const auto year = number(t, 0, 4);
  const auto month = number(t, 5, 2);
  const auto day = number(t, 8, 2);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1) return false;
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
  return *day <= kDays[static_cast<std::size_t>(*month - 1)] + (leap && *month == 2 ? 1 : 0);
}

bool is_clock(std::string_view t, int most_seconds) {
  const auto hour = number(t, 0, 2);
  const auto minute = number(t, 3, 2);
  if (!hour || !minute || t[2] != ':' || *hour > 23 || *minute > 59) return false;
  if (most_seconds < 0) return t.size() == 5;
  const auto second = number(t, 6, 2);
  return t.size() == 8 && t[5] == ':' && second && *second <= most_seconds;
}

bool is_date_time(std::string_view t) {
  if (t.size() < 20 || !is_date(t.substr(0, 10)) || (t[10] != 'T' && t[10] != 't')) return false;
  if (!is_clock(t.substr(11, 8), 60)) return false;
  t.remove_prefix(19);
  if (t.front() == '.') {
    std::size_t digits = 1;
    while (digits < t.size() && is_digit(t[digits])) ++digits;
    if (digits == 1) return false;
    t.remove_prefix(digits);
  }
  if (t == "Z" || t == "z") return true;
  return t.size() == 6 && (t.front() == '+' || t.front() == '-') && is_clock(t.substr(1), -1);
}

/// As APIs write it: "Tue, 05 Mar 2019 21:40:11 +0000"; the day's name may be left out, the zone may be GMT
/// or UT.
bool is_date_rfc2822(std::string_view t) {
  constexpr std::string_view kDays = "Mon Tue Wed Thu Fri Sat Sun ";
  constexpr std::string_view kMonths = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
  const auto word = [&t](std::string_view words) {
    const auto found = t.size() < 4 ? std::string_view::npos : words.find(t.substr(0, 3));
    return found != std::string_view::npos && found % 4 == 0;
  };
  if (word(kDays) && t[3] == ',') {
    t.remove_prefix(4);
    if (t.empty() || t.front() != ' ') return false;
    t.remove_prefix(1);
  }
  const std::size_t digits = t.size() > 1 && t[1] == ' ' ? 1 : 2;
  const auto day = number(t, 0, digits);
  if (!day || *day < 1 || *day > 31 || t.size() < digits + 1 || t[digits] != ' ') return false;
  t.remove_prefix(digits + 1);
  if (!word(kMonths) || t[3] != ' ' || t.size() < 19 || !number(t, 4, 4) || t[8] != ' ') return false;
  if (!is_clock(t.substr(9, 8), 60) || t[17] != ' ') return false;
  t.remove_prefix(18);
  if (t == "GMT" || t == "UT") return true;
  return t.size() == 5 && (t.front() == '+' || t.front() == '-') && number(t, 1, 4).has_value();
}

bool is_hostname(std::string_view t) {
  if (t.empty() || t.size() > 253) return false;
  while (true) {
    const auto dot = t.find('.');
    const auto label = t.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-'; }))
      return false;
    if (dot == std::string_view::npos) return true;
    t.remove_prefix(dot + 1);
  }
}

// Quoted local parts and address literals of RFC 5321 are left out: no service that we know accepts them.
// Letters beyond ASCII (RFC 6531) pass in the local part.
bool is_email(std::string_view t) {
  const auto at = t.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const auto local = t.substr(0, at);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  const auto good = [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x80 || is_letter(c) || is_digit(c) ||
           std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) != std::string_view::npos;
  };
  return std::all_of(local.begin(), local.end(), good) && is_hostname(t.substr(at + 1));
}

bool is_uri(std::string_view t) {
  const auto colon = t.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(t.front()) || colon + 1 == t.size())
    return false;
  for (const char c : t.substr(0, colon))
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  for (std::size_t i = colon + 1; i < t.size(); ++i) {
    const char c = t[i];
    if (c == '%' && (i + 2 >= t.size() || !is_hex(t[i + 1]) || !is_hex(t[i + 2]))) return false;
    if (!is_letter(c) && !is_digit(c) &&
        std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

bool is_uuid(std::string_view t) {
  if (t.size() != 36) return false;
  for (std::size_t i = 0; i < t.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? t[i] != '-' : !is_hex(t[i])) return false;
  }
  return true;
}

}  // namespace

std::span<const std::string_view> format_names() { return kNames; }

bool fits_format(std::string_view format, std::string_view text) {
  if (format == "date") return is_date(text);
  if (format == "date-rfc2822") return is_date_rfc2822(text);
  if (format == "date-time") return is_date_time(text);
  if (format == "email") return is_email(text);
  if (format == "hostname") return is_hostname(text);
  if (format == "uri") return is_uri(text);
  if (format == "uuid") return is_uuid(text);
  return false;
}

}  // namespace tenon
