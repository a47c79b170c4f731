// The promise that the environment says to break. Linked into `tenon-breakable` only.
#include "base/broken_promise.hpp"

#include <cstdlib>

namespace tenon {

std::string_view broken_promise() {
  static const char* const name = std::getenv("TENON_BREAK");
  return name == nullptr ? std::string_view() : std::string_view(name);
}

}  // namespace tenon
