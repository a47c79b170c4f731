// A manifest is a stranger's text.
#include <cstdint>

#include "plugin/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)tenon::plugin::parse_manifest({reinterpret_cast<const char*>(data), size});
  return 0;
}
