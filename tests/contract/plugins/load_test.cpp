// Every plugin that was built: read, loaded and checked as a host does, whichever compiler made it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/json.hpp"
#include "plugin/instance.hpp"
#include "runtime/virtual.hpp"

namespace tenon::plugin {
namespace {

/// TENON_PLUGIN_DIR names another directory, such as the other compiler's.
std::string directory() {
  const char* const named = std::getenv("TENON_PLUGIN_DIR");
  return named && *named ? named : TENON_BINARY_DIR "/lib/tenon";
}

TEST(Plugins, AreAllTaken) {
  auto registry = open_registry(directory());
  ASSERT_TRUE(registry.has_value()) << registry.error().text();
  for (const Error& error : (*registry)->refused()) ADD_FAILURE() << error.text();
  EXPECT_FALSE((*registry)->connectors().empty()) << directory();
}

TEST(Plugins, LoadAndMakeAnInstanceOrSayWhyNot) {
  auto registry = open_registry(directory());
  ASSERT_TRUE(registry.has_value());
  runtime::VirtualRuntime runtime;
  for (const std::string& name : (*registry)->connectors()) {
    const ConnectorManifest& manifest = *(*registry)->find(name);
    ConnectionSpec spec;
    spec.name = "c";
    spec.connector = name;
    spec.settings = "{}";
    auto made = (*registry)->make_instance(spec, {&runtime, &runtime.ingress(), nullptr});
    // Required settings are missing: the plugin may refuse, but it must have been loaded.
    if (!made) {
      EXPECT_EQ(made.error().code, "plugin_create_failed") << made.error().text();
      continue;
    }
    for (const EventType& type : manifest.events) {
      if (type.sample.empty()) continue;
      const auto events = (*made)->accept(type.sample, {}, 1'700'000'000'000, {});
      ASSERT_TRUE(events.has_value()) << name << " " << type.name << ": " << events.error().text();
      ASSERT_EQ(events->size(), 1u) << name << " " << type.name;
      EXPECT_EQ(events->front().type, type.name);
      for (const std::string& key : type.keys) {
        bool there = false;
        for (const auto& [each, value] : events->front().keys) there = there || each == key;
        EXPECT_TRUE(there) << name << " " << type.name << ": no key " << key;
      }
      if (!type.schema) continue;
      const auto data = parse_json(events->front().data);
      ASSERT_TRUE(data.has_value());
      for (const auto& v : type.schema->validate(data->root))
        ADD_FAILURE() << name << " " << type.name << v.path << ": expected " << v.expected << ", found "
                      << v.found;
    }
  }
}

}  // namespace
}  // namespace tenon::plugin
