#pragma once

#include <gtest/gtest.h>
#include <tenon/testing.hpp>

#include <string>

extern "C" const tenon_plugin* tenon_plugin_v1();

namespace gorgias {

using tenon::json;
using tenon::testing::fake_host;
using tenon::testing::reply;

}  // namespace gorgias
