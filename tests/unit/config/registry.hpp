// A registry over manifests alone, for tests that load nothing.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugin/instance.hpp"

namespace tenon::config::test {

inline std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class ManifestRegistry : public plugin::Registry {
 public:
  void add(const std::string& manifest_json) {
    auto manifest = plugin::parse_manifest(manifest_json);
    if (!manifest) throw std::runtime_error(manifest.error().text());
    manifests_.push_back(std::move(*manifest));
  }

  const plugin::ConnectorManifest* find(std::string_view connector) const override {
    for (const plugin::Manifest& manifest : manifests_) {
      for (const plugin::ConnectorManifest& one : manifest.connectors) {
        if (one.name == connector) return &one;
      }
    }
    return nullptr;
  }
  std::vector<std::string> connectors() const override {
    std::vector<std::string> names;
    for (const plugin::Manifest& manifest : manifests_) {
      for (const plugin::ConnectorManifest& one : manifest.connectors) names.push_back(one.name);
    }
    return names;
  }
  const std::vector<Error>& refused() const override { return refused_; }
  Result<std::unique_ptr<plugin::Instance>> make_instance(const plugin::ConnectionSpec&,
                                                          const plugin::InstanceHost&) override {
    return Error("plugin_load_failed", "this registry loads nothing");
  }

 private:
  std::vector<plugin::Manifest> manifests_;
  std::vector<Error> refused_;
};

/// The connectors `shop` and `desk` of tests/diagnostics.
inline const ManifestRegistry& example_registry() {
  static const ManifestRegistry registry = [] {
    ManifestRegistry made;
    made.add(read_text(TENON_SOURCE_DIR "/tests/diagnostics/connectors.json"));
    return made;
  }();
  return registry;
}

}  // namespace tenon::config::test
