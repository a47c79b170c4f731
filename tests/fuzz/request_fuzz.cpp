// The framing of a whole connection: a PROXY header, then requests one after the other. Cut anywhere, the
// same bytes are the same requests.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "ingress/http_reader.hpp"
#include "ingress/proxy_header.hpp"

namespace {

using namespace tenon::ingress;

struct Read {
  std::vector<std::string> requests;  ///< method, target and body
  int refused = 0;
  bool operator==(const Read&) const = default;
};

/// Feeds `text` in pieces of `piece` bytes, as a session would.
Read read_all(std::string_view text, std::size_t piece) {
  constexpr std::size_t kBody = 4096;
  RequestReader reader(HeadLimits{}, kBody, [](std::size_t size) { return size <= kBody; });
  Read read;
  while (!text.empty() && read.refused == 0) {
    const auto into = reader.prepare();
    const std::size_t count = std::min({piece, text.size(), into.size()});
    std::copy_n(text.data(), count, static_cast<char*>(into.data()));
    reader.commit(count);
    text.remove_prefix(count);
    auto step = reader.advance();
    while (step == RequestReader::Step::head_whole || step == RequestReader::Step::whole) {
      if (step == RequestReader::Step::whole) {
        const Request request = reader.take();
        if (request.body.size() > kBody) std::abort();
        read.requests.push_back(request.method + " " + request.target + " " + request.body);
        if (reader.empty()) break;
      }
      step = reader.advance();
    }
    if (step == RequestReader::Step::refused) read.refused = reader.status();
  }
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = parse_proxy_header(text);
  if (header.state == ProxyHeader::State::whole) {
    if (header.size == 0 || header.size > size) std::abort();
    for (std::size_t cut = 0; cut < std::min<std::size_t>(header.size, 256); ++cut) {
      if (parse_proxy_header(text.substr(0, cut)).state != ProxyHeader::State::more) std::abort();
    }
    text.remove_prefix(header.size);
  }
  const Read whole = read_all(text, 1 << 20);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    // Refused sooner or later is the same refusal of the same request, but for what a limit says of it.
    if (read_all(text, piece).requests != whole.requests) std::abort();
  }
  if (whole.refused != 0 && (whole.refused < 400 || whole.refused > 505)) std::abort();
  return 0;
}
