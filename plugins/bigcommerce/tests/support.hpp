#pragma once

#include <gtest/gtest.h>
#include <tenon/testing.hpp>

#include <fstream>
#include <sstream>
#include <string>

extern "C" const tenon_plugin* tenon_plugin_v1();

namespace bigcommerce {

using tenon::testing::fake_host;
using tenon::testing::reply;

inline const char* kStore = R"({"store_hash": "abc123", "base_url": "https://api.bigcommerce.com"})";
inline const std::string kBase = "https://api.bigcommerce.com/stores/abc123/v3";

inline std::string file(const std::string& name) {
  std::ifstream in(std::string(TENON_CONNECTOR_DIR) + "/" + name);
  std::stringstream out;
  out << in.rdbuf();
  EXPECT_FALSE(out.str().empty()) << name;
  return out.str();
}

}  // namespace bigcommerce
