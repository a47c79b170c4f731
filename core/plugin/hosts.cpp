#include "plugin/hosts.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::plugin {
namespace {

bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

/// A setting's text: a plain one or a secret.
std::optional<Secret> setting(const ConnectionSpec& connection, Value settings, const std::string& name) {
  const auto secret = connection.secrets.find(name);
  if (secret != connection.secrets.end() && !secret->second.empty()) return secret->second;
  const Value plain = settings.get(name);
  if (!plain.is_string() || plain.as_string().empty()) return std::nullopt;
  return Secret(plain.as_string());
}

}  // namespace

AllowedHosts::AllowedHosts(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    Rule rule;
    std::string_view rest = entry;
    rule.wildcard = rest.starts_with("*.");
    if (rule.wildcard) rest.remove_prefix(1);
    if (rest.starts_with('[')) {
      const auto end = rest.find(']');
      rule.host = to_lower(rest.substr(1, end == std::string_view::npos ? end : end - 1));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      if (rest.starts_with(':')) rule.port = rest.substr(1);
    } else {
      const auto colon = rest.find(':');
      rule.host = to_lower(rest.substr(0, colon));
      if (colon != std::string_view::npos) rule.port = rest.substr(colon + 1);
    }
    if (rule.host.size() > (rule.wildcard ? 1U : 0U)) rules_.push_back(std::move(rule));
  }
}

std::optional<std::string> AllowedHosts::refusal(const runtime::HttpTarget& target) const {
  const std::string port = std::to_string(target.port);
  const bool usual_port = target.port == (target.tls ? 443 : 80);
  const bool allowed = std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    const bool host = rule.wildcard
                          ? target.host.size() > rule.host.size() && target.host.ends_with(rule.host)
                          : target.host == rule.host;
    return host && (rule.port.empty() ? usual_port : rule.port == port);
  });
  if (!allowed) return "the connection does not allow requests to " + target.host + ":" + port;
  if (!target.tls && !is_this_machine(target.host)) return "plain http to another machine: use https";
  return std::nullopt;
}

const AuthScheme* auth_of(const ConnectionSpec& connection, const ConnectorManifest& manifest) {
  const auto settings = parse_json(connection.settings);
  const Value root = settings ? settings->root : Value();
  const auto holds = [&](const AuthScheme& scheme) {
    if (scheme.type == AuthScheme::Type::oauth2) return connection.oauth2.has_value();
    return setting(connection, root, scheme.secret_setting).has_value() &&
           (scheme.type != AuthScheme::Type::basic ||
            setting(connection, root, scheme.user_setting).has_value());
  };
  const auto found = std::find_if(manifest.auth.begin(), manifest.auth.end(), holds);
  return found == manifest.auth.end() ? nullptr : &*found;
}

Credential::Credential(const ConnectionSpec& connection, const ConnectorManifest& manifest)
    : reserved_{"authorization", "proxy-authorization", "cookie"} {
  for (const AuthScheme& scheme : manifest.auth)
    if (!scheme.header.empty()) reserved_.push_back(to_lower(scheme.header));
  const AuthScheme* const scheme = auth_of(connection, manifest);
  if (scheme == nullptr || scheme->type == AuthScheme::Type::oauth2) return;
  const auto settings = parse_json(connection.settings);
  const Value root = settings ? settings->root : Value();
  const auto secret = setting(connection, root, scheme->secret_setting);
  if (!secret) return;
  if (scheme->type == AuthScheme::Type::header) {
    header_ = scheme->header;
    value_ = *secret;
    return;
  }
  header_ = "Authorization";
  if (scheme->type == AuthScheme::Type::bearer) {
    value_ = Secret("Bearer " + std::string(secret->reveal()));
    return;
  }
  const auto user = setting(connection, root, scheme->user_setting);
  const std::string name(user ? user->reveal() : std::string_view());
  value_ = Secret("Basic " + to_base64(name + ":" + std::string(secret->reveal())));
}

bool Credential::owns(std::string_view name) const {
  return std::any_of(reserved_.begin(), reserved_.end(),
                     [&](const std::string& own) { return equals_ignoring_case(own, name); });
}

}  // namespace tenon::plugin
