// A head that the scanner finds is checked the same whether it came at once or byte by byte.
#include <cstdint>
#include <cstdlib>

#include "ingress/head.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::ingress;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits;
  HeadScanner whole(limits);
  const auto found = whole.scan(text);
  HeadScanner dripped(limits);
  HeadScanner::Found last;
  for (std::size_t i = 1; i <= size && last.refuse == 0 && last.size == 0; ++i)
    last = dripped.scan(text.substr(0, i));
  if (found.refuse == 0 && found.size != last.size) std::abort();
  if (found.size != 0) check_head(text.substr(0, found.size), limits);
  return 0;
}
