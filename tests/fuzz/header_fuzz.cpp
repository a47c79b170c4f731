// The one way by which a header gets on the wire: whatever a plugin asks for, no control character follows.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/http_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cut = text.find('\0');
  tenon::runtime::HttpRequest request;
  request.url = "https://a.example/";
  request.headers.emplace_back(text.substr(0, cut),
                               cut == std::string_view::npos ? "" : text.substr(cut + 1));
  if (!tenon::runtime::check_request(request)) return 0;
  const auto& [name, value] = request.headers.front();
  for (const char c : name)
    if (c <= ' ' || c == ':' || c >= 0x7f) std::abort();
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) std::abort();
  }
  if (name.empty() || tenon::runtime::find_header(request.headers, "host") != nullptr) std::abort();
  return 0;
}
