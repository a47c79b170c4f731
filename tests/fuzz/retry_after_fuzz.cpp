// Whatever a remote writes there, the wait is none or within the cap.
#include <cstdint>
#include <cstdlib>

#include "delivery/retry.hpp"
#include "delivery/version.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::delivery;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto wait = parse_retry_after(text, 1'700'000'000'000);
  if (wait && (*wait < 0 || *wait > kRetryAfterCapMs)) std::abort();
  const auto half = text.substr(0, size / 2);
  const auto rest = text.substr(size / 2);
  if (strictly_older(half, rest) && strictly_older(rest, half)) std::abort();
  return 0;
}
