#include "runtime/http_check.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace tenon::runtime {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alnum(c) || kOthers.find(c) != std::string_view::npos;
  });
}

bool is_address(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, host.c_str(), bytes.data()) == 1;
}

Error bad_url(std::string_view why) { return {"bad_url", std::string(why)}; }

/// Names of labels of letters, digits, '-' and '_', of at most 63 characters; 253 in all.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  if (host.back() == '.') host.remove_suffix(1);
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!(is_alnum(c) || c == '-' || c == '_') || ++label > 63) {
      return false;
    }
  }
  return label > 0;
}

/// True for hosts that URL parsers (WHATWG, inet_aton) may take for an IPv4 address.
bool ends_in_number(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  const auto dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.empty()) return false;
  if (last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X')) return true;
  return std::all_of(last.begin(), last.end(), is_digit);
}

Status read_host(std::string_view host, HttpTarget& target) {
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']') return bad_url("unclosed [ in the host");
    target.host = to_lower(host.substr(1, host.size() - 2));
    if (!is_address(AF_INET6, target.host)) return bad_url("not an IPv6 address between [ and ]");
    target.address = true;
    return {};
  }
  if (!is_host_name(host)) return bad_url("the host is missing or not a host name");
  target.host = to_lower(host);
  target.address = is_address(AF_INET, target.host);
  if (!target.address && ends_in_number(target.host)) return bad_url("the host is not a dotted IPv4 address");
  return {};
}

Status read_port(std::string_view port, HttpTarget& target) {
  unsigned number = 0;
  if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) {
    return bad_url("the port is not a number");
  }
  for (const char c : port) number = number * 10 + static_cast<unsigned>(c - '0');
  if (number == 0 || number > 65535) return bad_url("the port is not within 1 to 65535");
  target.port = static_cast<std::uint16_t>(number);
  return {};
}

bool is_transport_header(std::string_view name) {
  constexpr std::string_view kOwn[] = {"host",    "content-length", "transfer-encoding", "connection",
                                       "expect",  "keep-alive",     "upgrade",           "te",
                                       "trailer", "http2-settings"};
  const std::string lower = to_lower(name);
  return std::find(std::begin(kOwn), std::end(kOwn), lower) != std::end(kOwn) ||
         lower.rfind("proxy-", 0) == 0;
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

}  // namespace

Result<HttpTarget> parse_target(std::string_view url) {
  HttpTarget target;
  const bool clean =
      std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  if (!clean)
    return bad_url("a space, control character, backslash or a byte above ASCII (percent-encode it)");
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return bad_url("not an absolute URL");
  const std::string scheme = to_lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return bad_url("the scheme is neither http nor https");
  target.tls = scheme == "https";
  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, std::min(authority.find_first_of("/?#"), authority.size()));
  if (authority.find('@') != std::string_view::npos) return bad_url("user information before the host");
  target.port = target.tls ? 443 : 80;
  const auto bracket = authority.rfind(']');
  const auto port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  TENON_CHECK(read_host(authority.substr(0, port), target));
  if (port != std::string_view::npos) TENON_CHECK(read_port(authority.substr(port + 1), target));
  return target;
}

Result<HttpTarget> check_request(const HttpRequest& request) {
  if (!is_token(request.method) || equals_ignoring_case(request.method, "CONNECT") ||
      equals_ignoring_case(request.method, "TRACE")) {
    return Error("bad_header", "the method is not usable");
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) return Error("bad_header", "a header name is not a token");
    if (!is_header_value(value))
      return Error("bad_header", "the value of " + name + " holds a control character");
    if (is_transport_header(name)) return Error("bad_header", name + " is set by the transport");
  }
  return parse_target(request.url);
}

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

}  // namespace tenon::runtime
