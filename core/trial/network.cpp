#include "trial/network.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenon::trial {
namespace {

/// Takes the first segment off a path like `/a/b`.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool path_fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (wanted == "**") {
      for (;;) {
        if (path_fits(pattern, path)) return true;
        if (path.empty()) return false;
        take_segment(path);
      }
    }
    if (path.empty()) return false;
    const std::string_view segment = take_segment(path);
    if (wanted != "*" && wanted != segment) return false;
  }
  return path.empty();
}

runtime::ScriptedAnswer scripted(const config::RemoteAnswer& said, const runtime::HttpRequest& request) {
  const auto after = std::chrono::milliseconds(said.after_ms);
  if (said.error.empty()) {
    runtime::Headers headers = said.headers;
    if (runtime::find_header(headers, "content-type") == nullptr)
      headers.emplace_back("Content-Type", "application/json");
    return {said.status, said.body, std::move(headers), after};
  }
  // An answer that comes too late is what the host takes for a timeout.
  if (said.error == "timeout") return {200, "", {}, request.timeout + std::chrono::milliseconds(1)};
  const bool sent = said.error == "connection_lost" || said.error == "bad_response";
  return {Error(said.error, "as the test says"),
          sent ? runtime::RequestSent::maybe : runtime::RequestSent::no, after};
}

}  // namespace

bool fits(std::string_view pattern, std::string_view method, std::string_view path) {
  const auto blank = pattern.find(' ');
  if (blank == std::string_view::npos || pattern.substr(0, blank) != method) return false;
  return path_fits(pattern.substr(blank + 1), path);
}

Network::Network(const config::Config& config, const plugin::Registry& registry)
    : config_(config), registry_(registry) {}

void Network::add(const config::RemoteRule& rule) { rules_.push_back({rule}); }

bool Network::plays(const std::string& connection) const {
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const Rule& rule) { return rule.said.connection == connection; });
}

bool Network::belongs(const std::string& connection, std::string_view authority) const {
  const auto found = config_.connections.find(connection);
  if (found == config_.connections.end()) return false;
  const auto& hosts = found->second.hosts;
  return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
    if (host.starts_with("*.")) return authority.ends_with(std::string_view(host).substr(1));
    return equals_ignoring_case(host, authority);
  });
}

runtime::ScriptedAnswer Network::answer(const runtime::HttpRequest& request) {
  std::string_view rest = request.url;
  rest.remove_prefix(std::min(rest.find("://") + 3, rest.size()));
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  const std::string_view target = rest.substr(slash);
  const std::string path(target.substr(0, target.find('?')));
  requests_.push_back({request.method, path});
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (!fits(rule->said.on, request.method, path) || !belongs(rule->said.connection, authority)) continue;
    const std::size_t at = std::min(rule->used++, rule->said.answers.size() - 1);
    return scripted(rule->said.answers[at], request);
  }
  for (const auto& [name, connection] : config_.connections) {
    const plugin::ConnectorManifest* manifest = registry_.find(connection.connector);
    if (manifest == nullptr || !belongs(name, authority)) continue;
    for (const plugin::SampleAnswer& sample : manifest->answers) {
      if (!fits(sample.on, request.method, path)) continue;
      config::RemoteAnswer said;
      said.status = sample.status;
      said.headers = sample.headers;
      said.body = sample.body;
      return scripted(said, request);
    }
  }
  const std::string line = request.method + " " + path;
  if (std::find(unanswered_.begin(), unanswered_.end(), line) == unanswered_.end())
    unanswered_.push_back(line);
  return {Error("connect_failed", "the test says nothing of this request"), runtime::RequestSent::no};
}

std::int64_t Network::count(std::string_view pattern) const {
  return std::count_if(requests_.begin(), requests_.end(),
                       [&](const Request& request) { return fits(pattern, request.method, request.path); });
}

std::vector<std::string> Network::lines() const {
  std::vector<std::string> out;
  for (const Request& request : requests_) out.push_back(request.method + " " + request.path);
  return out;
}

}  // namespace tenon::trial
