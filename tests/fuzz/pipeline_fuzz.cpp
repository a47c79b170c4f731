// A pipeline file is whatever somebody saved: YAML to a checked pipeline, and the words for what is wrong.
#include <cstdint>
#include <string>

#include "config/loader.hpp"
#include "tests/unit/config/registry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::config;
  static const Environment environment = {{"STORE", "abc123"},
                                          {"TOKEN", "token-0123456789"},
                                          {"HEADER_SECRET", "header-secret-0123456789"},
                                          {"DOMAIN", "acme"},
                                          {"API_KEY", "key-0123456789"}};
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Loaded loaded = load_text("/nonexistent/fuzz.yaml", text, environment, test::example_registry());
  (void)render_text(loaded.diagnostics, true);
  (void)render_json(loaded.diagnostics);
  return 0;
}
