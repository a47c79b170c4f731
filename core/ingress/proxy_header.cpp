#include "ingress/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tenon::ingress {
namespace {

using State = ProxyHeader::State;

constexpr std::string_view kVersion1 = "PROXY ";
constexpr std::size_t kLongestVersion1 = 107;  // with CR LF, says the specification
constexpr std::string_view kVersion2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;
constexpr std::size_t kLongestRest = 4096;

ProxyHeader only(State state) {
  ProxyHeader header;
  header.state = state;
  return header;
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port <= 65535 &&
         (text.size() == 1 || text.front() != '0');
}

/// `PROXY TCP4 source destination sourceport destinationport CR LF`; one blank between words.
ProxyHeader parse_version1(std::string_view text) {
  const auto end = text.substr(0, kLongestVersion1).find('\n');
  if (end == std::string_view::npos) return only(text.size() < kLongestVersion1 ? State::more : State::bad);
  if (text[end - 1] != '\r') return only(State::bad);
  std::string_view line = text.substr(kVersion1.size(), end - 1 - kVersion1.size());
  ProxyHeader header;
  header.state = State::whole;
  header.size = end + 1;
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return header;
  std::array<std::string_view, 5> words;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto blank = line.find(' ');
    if ((blank == std::string_view::npos) != (i + 1 == words.size())) return only(State::bad);
    words[i] = line.substr(0, blank);
    if (blank != std::string_view::npos) line.remove_prefix(blank + 1);
  }
  const bool six = words[0] == "TCP6";
  if (!six && words[0] != "TCP4") return only(State::bad);
  const auto source = Address::parse(words[1]);
  const auto destination = Address::parse(words[2]);
  if (!source || !destination || !is_port(words[3]) || !is_port(words[4])) return only(State::bad);
  const auto has_colon = [](std::string_view word) { return word.find(':') != std::string_view::npos; };
  if (has_colon(words[1]) != six || has_colon(words[2]) != six) return only(State::bad);
  header.client = source;
  return header;
}

ProxyHeader parse_version2(std::string_view text) {
  if (text.size() < kFixed) return only(State::more);
  const auto byte = [text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const unsigned command = byte(12) & 0x0fU;
  const unsigned family = byte(13) >> 4U;
  const unsigned transport = byte(13) & 0x0fU;
  const std::size_t rest = byte(14) * 256U + byte(15);
  if (byte(12) >> 4U != 2 || command > 1 || family > 3 || transport > 2 || rest > kLongestRest)
    return only(State::bad);
  constexpr std::array<std::size_t, 4> kAddresses = {0, 12, 36, 216};
  if (command == 1 && rest < kAddresses[family]) return only(State::bad);
  if (text.size() < kFixed + rest) return only(State::more);
  ProxyHeader header;
  header.state = State::whole;
  header.size = kFixed + rest;
  if (command == 0) return header;
  const auto* source = reinterpret_cast<const std::uint8_t*>(text.data()) + kFixed;
  if (family == 1) header.client = Address::v4(source);
  if (family == 2) header.client = Address::v6(source);
  return header;
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view begin) {
  for (const std::string_view start : {kVersion1, kVersion2}) {
    const std::size_t common = std::min(start.size(), begin.size());
    if (begin.substr(0, common) != start.substr(0, common)) continue;
    if (common < start.size()) return only(State::more);
    return start == kVersion1 ? parse_version1(begin) : parse_version2(begin);
  }
  return only(State::absent);
}

}  // namespace tenon::ingress
