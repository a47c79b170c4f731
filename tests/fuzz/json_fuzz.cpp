// What parse_json accepts, it writes and reads back as the same value.
#include <cstdint>
#include <cstdlib>

#include "base/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = tenon::parse_json({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  const std::string text = tenon::to_json(document->root);
  const auto again = tenon::parse_json(text);
  if (!again || !tenon::equal(document->root, again->root) || tenon::to_json(again->root) != text)
    std::abort();
  return 0;
}
