// Which promise of the host is broken on purpose. In what users run: none, whatever the environment says.
#pragma once

#include <string_view>

namespace tenon {

/// Always empty in `tenon`. Tests that show that they would notice run `tenon-breakable`, which brings a
/// definition of its own (tests/support/broken_promise.cpp): `ack_early`, `no_low_water`, `no_limits` or
/// `no_eviction` (core/app), `show_secrets` (core/observe).
std::string_view broken_promise();

}  // namespace tenon
