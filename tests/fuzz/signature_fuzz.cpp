// Whatever stands in the headers, nothing verifies that was not signed; and nothing crashes on the way.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ingress/address.hpp"
#include "ingress/verify.hpp"

namespace {

using namespace tenon;

const ingress::Verifier& verifier() {
  static const ingress::Verifier made = [] {
    plugin::ConnectionSpec connection;
    connection.name = "store";
    plugin::VerifyScheme signature;
    signature.name = "signature";
    signature.type = plugin::VerifyScheme::Type::standard_webhooks;
    signature.setting = "key";
    plugin::VerifyScheme digest;
    digest.name = "digest";
    digest.setting = "key";
    digest.header = "x-digest";
    digest.prefix = "sha256=";
    plugin::VerifyScheme header;
    header.name = "header";
    header.type = plugin::VerifyScheme::Type::secret_header;
    header.setting = "key";
    header.header = "x-secret";
    connection.secrets.emplace("key", Secret("a key that no input can guess: 8c1f0b7e2d9a4c35"));
    for (const char* name : {"signature", "digest", "header"})
      connection.verify.emplace(name, plugin::VerifyMode::if_present);
    auto verifier = ingress::Verifier::make(connection, {signature, digest, header});
    return std::move(*verifier);
  }();
  return made;
}

}  // namespace

/// Lines of `name: value`, an empty one, the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  runtime::Headers headers;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) break;
    const auto colon = line.find(':');
    headers.emplace_back(std::string(line.substr(0, colon)),
                         colon == std::string_view::npos ? "" : std::string(line.substr(colon + 1)));
  }
  const auto verified = verifier().check(headers, text, 1'700'000'000'000);
  if (verified.authenticated || !verified.delivery_id.empty() || verified.reason.empty()) std::abort();
  const auto peer = ingress::Address::parse("127.0.0.1");
  static const ingress::TrustedProxies proxies{*ingress::AddressRange::parse("127.0.0.0/8")};
  (void)ingress::client_of(*peer, headers, proxies).text();
  return 0;
}
