// Network: the remotes of a test, played by its rules and by the samples that connectors ship.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/pipeline.hpp"
#include "plugin/instance.hpp"
#include "runtime/virtual.hpp"

namespace tenon::trial {

/// True if `PUT /a/*/b` speaks of that request: `*` stands for one segment of the path, `**` for any number.
bool fits(std::string_view pattern, std::string_view method, std::string_view path);

/// Answers the requests of a virtual runtime. On its delivery executor.
class Network {
 public:
  /// Both outlive the network.
  Network(const config::Config& config, const plugin::Registry& registry);

  /// Holds before all rules that are there already.
  void add(const config::RemoteRule& rule);
  /// True if a rule speaks for that connection.
  bool plays(const std::string& connection) const;

  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request);

  /// How many requests fitted the pattern so far.
  std::int64_t count(std::string_view pattern) const;
  /// Every request in order: `POST /api/customers`.
  std::vector<std::string> lines() const;
  /// Those that nothing answered, each once.
  const std::vector<std::string>& unanswered() const { return unanswered_; }

 private:
  struct Rule {
    config::RemoteRule said;
    std::size_t used = 0;
  };
  struct Request {
    std::string method, path;
  };
  bool belongs(const std::string& connection, std::string_view authority) const;

  const config::Config& config_;
  const plugin::Registry& registry_;
  std::vector<Rule> rules_;
  std::vector<Request> requests_;
  std::vector<std::string> unanswered_;
};

}  // namespace tenon::trial
