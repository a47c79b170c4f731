// PlayedRegistry: the real plugins, but for what their fetches answer where a test says so.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/tests.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::trial {

/// What one fetch is to answer; nullopt: the plugin asks its remote. `arguments` is JSON text.
using FetchPlay =
    std::function<std::optional<plugin::CallResult>(const std::string& name, const std::string& arguments)>;

/// Hands out the instances of another registry; those of `connection` ask `play` before they fetch or list.
class PlayedRegistry final : public plugin::Registry {
 public:
  /// All outlive the registry and its instances.
  PlayedRegistry(plugin::Registry& real, std::string connection, FetchPlay play)
      : real_(real), connection_(std::move(connection)), play_(std::move(play)) {}

  const plugin::ConnectorManifest* find(std::string_view connector) const override {
    return real_.find(connector);
  }
  std::vector<std::string> connectors() const override { return real_.connectors(); }
  const std::vector<Error>& refused() const override { return real_.refused(); }
  Result<std::unique_ptr<plugin::Instance>> make_instance(const plugin::ConnectionSpec& connection,
                                                          const plugin::InstanceHost& host) override;

 private:
  plugin::Registry& real_;
  std::string connection_;
  FetchPlay play_;
};

}  // namespace tenon::trial
