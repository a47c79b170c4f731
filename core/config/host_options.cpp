#include "config/host_options.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "config/report.hpp"
#include "config/scalar.hpp"
#include "plugin/instance.hpp"

namespace tenon::config {
namespace {

bool is_port(std::string_view text) {
  std::uint32_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && failed == std::errc() && end == text.data() + text.size() && port <= 65535;
}

/// Only the form; whether the machine has that address shows when it is listened on.
bool is_address(std::string_view text) {
  if (text.starts_with("unix:")) return text.size() > 5;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return false;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return !host.empty() && host.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
}

bool is_range(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  const std::string address = text.substr(0, slash);
  unsigned char bytes[16];
  const bool v6 = inet_pton(AF_INET6, address.c_str(), bytes) == 1;
  if (!v6 && inet_pton(AF_INET, address.c_str(), bytes) != 1) return false;
  if (slash == text.size()) return true;
  const std::string_view length = std::string_view(text).substr(slash + 1);
  std::uint32_t bits = 0;
  const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), bits);
  return failed == std::errc() && end == length.data() + length.size() && bits <= (v6 ? 128U : 32U);
}

std::optional<std::string> whole_fault(const HostOption& option, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = failed == std::errc() && end == text.data() + text.size();
  if (whole && number >= option.least && number <= option.most) return std::nullopt;
  return "expected a whole number from " + std::to_string(option.least) + " to " +
         std::to_string(option.most);
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc()) return std::nullopt;
  for (int i = 0; i < 4; ++i) {
    const int shift = 10 * (i + 1);
    if (std::string_view(unit, static_cast<std::size_t>(end - unit)) == kUnits[i])
      return number >> (62 - shift) == 0 ? std::optional(number << shift) : std::nullopt;
  }
  return std::nullopt;
}

const HostOption* find_host_option(std::string_view key) {
  const auto found = std::find_if(kHostOptions.begin(), kHostOptions.end(),
                                  [&](const HostOption& option) { return option.key == key; });
  return found == kHostOptions.end() ? nullptr : &*found;
}

std::string flag_of(const HostOption& option) {
  std::string flag = "--" + std::string(option.key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::vector<std::string> words_of(const HostOption& option) {
  std::vector<std::string> words;
  std::string_view rest = option.words;
  while (!rest.empty()) {
    const auto bar = std::min(rest.find('|'), rest.size());
    words.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return words;
}

std::optional<std::string> fault_of(const HostOption& option, const std::string& text) {
  using Type = HostOption::Type;
  if (text.empty()) return "expected " + std::string(option.value) + ", found nothing";
  switch (option.type) {
    case Type::address:
      if (is_address(text)) return std::nullopt;
      return "expected an address like 127.0.0.1:8080, [::]:8080 or unix:/run/tenon.sock";
    case Type::whole:
      return whole_fault(option, text);
    case Type::boolean:
      if (text == "true" || text == "false") return std::nullopt;
      return "expected true or false";
    case Type::duration:
      if (const auto parsed = parse_duration(text); parsed && *parsed > 0) return std::nullopt;
      return "expected a duration like 7s, 15m, 72h or 30d";
    case Type::size:
      if (const auto parsed = parse_size(text); parsed && *parsed > 0) return std::nullopt;
      return "expected a size like 512MiB or 20GiB";
    case Type::word: {
      const auto words = words_of(option);
      if (std::find(words.begin(), words.end(), text) != words.end()) return std::nullopt;
      std::string expected;
      for (const std::string& word : words) expected += (expected.empty() ? "`" : ", `") + word + "`";
      return "expected one of " + expected + suggestion(text, words);
    }
    case Type::ranges:
      if (is_range(text)) return std::nullopt;
      return "expected an address or a range like 10.0.0.0/8 or fd00::/8";
    case Type::pins: {
      const auto equals = text.find('=');
      const bool named = equals != std::string::npos && equals > 0;
      if (named && plugin::parse_pin(std::string_view(text).substr(equals + 1))) return std::nullopt;
      return "expected NAME=sha256: and 64 hexadecimal digits";
    }
    case Type::text:
    case Type::file:
    case Type::folder:
    case Type::texts:
    case Type::paths:
      break;
  }
  return std::nullopt;
}

}  // namespace tenon::config
