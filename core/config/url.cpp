#include "config/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace tenon::config {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/// The port without leading zeros; nullopt for what is none.
std::optional<std::string> port_of(std::string_view text) {
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = failed == std::errc() && end == text.data() + text.size() && text.size() <= 5;
  if (!whole || port == 0 || port > 65535) return std::nullopt;
  return std::to_string(port);
}

/// The host, brackets included, at the front of an authority; what follows is the port. Empty: malformed.
std::string_view host_of(std::string_view authority) {
  if (!authority.starts_with('[')) return authority.substr(0, authority.find(':'));
  const auto close = authority.find(']');
  return close == std::string_view::npos ? std::string_view() : authority.substr(0, close + 1);
}

bool is_host(std::string_view host) {
  if (host.empty()) return false;
  if (host.starts_with('[')) {
    const std::string_view inner = host.substr(1, host.size() - 2);
    return inner.size() >= 2 && inner.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
  }
  return std::all_of(host.begin(), host.end(), is_host_character);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  const auto mark = text.find("://");
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  Url url;
  url.scheme = to_lower(text.substr(0, mark));
  std::string_view authority = text.substr(mark + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.has_user = true;
    authority.remove_prefix(at + 1);
  }
  url.host = to_lower(host_of(authority));
  if (!is_host(url.host)) return std::nullopt;
  std::string_view rest = authority.substr(url.host.size());
  if (rest.starts_with(':')) {
    const auto port = port_of(rest.substr(1));
    if (!port) return std::nullopt;
    url.port = *port;
    return url;
  }
  return rest.empty() ? std::optional(url) : std::nullopt;
}

bool is_loopback_literal(std::string_view host) {
  if (host == "[::1]") return true;
  if (!host.starts_with("127.") || host.ends_with('.')) return false;
  int parts = 0;
  while (!host.empty()) {
    const std::string_view part = host.substr(0, host.find('.'));
    unsigned number = 256;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (failed != std::errc() || end != part.data() + part.size() || number > 255 || part.size() > 3)
      return false;
    ++parts;
    host.remove_prefix(std::min(host.size(), part.size() + 1));
  }
  return parts == 4;
}

}  // namespace tenon::config
