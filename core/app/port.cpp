#include "app/port.hpp"

#include <algorithm>

#include "base/broken_promise.hpp"
#include "observe/log.hpp"

namespace tenon::app {
namespace {

constexpr std::string_view kAdminSocket = "admin";
/// A passed socket of this name is plain HTTP beside a certificate too: a proxy on this machine may want it.
constexpr std::string_view kPlainSocket = "http";

void tell_warnings(const ingress::TlsContext& tls) {
  for (const std::string& warning : tls.warnings()) log::warn(codes::kTlsCertificate, warning);
}

/// None of them, or nobody who gives way, where that promise is broken on purpose.
ingress::ServerLimits limits_to_keep() {
  ingress::ServerLimits limits;
  const std::string_view broken = broken_promise();
  if (broken == "no_eviction") limits.nobody_gives_way = true;
  if (broken != "no_limits") return limits;
  constexpr std::size_t kMany = 1'000'000'000'000;
  limits.connections = limits.connections_per_address = limits.requests_per_connection = kMany;
  limits.bytes_in_flight = limits.bytes_arriving = kMany;
  limits.body_rate = 0;
  limits.handshake_time = limits.head_time = limits.body_time = limits.idle = limits.write_time =
      std::chrono::hours(1);
  return limits;
}

}  // namespace

Status Port::read() {
  if (options_.tls_certificate.empty() != options_.tls_key.empty()) {
    return Error("bad_options", options_.tls_key.empty() ? "--tls-cert needs --tls-key beside it"
                                                         : "--tls-key needs --tls-cert beside it");
  }
  for (const std::string& text : options_.trusted_proxies) {
    auto range = ingress::AddressRange::parse(text);
    if (!range) return Error(range.error().code, "--trusted-proxy " + range.error().message);
    proxies_.push_back(*range);
  }
  if (secure()) {
    TENON_TRY(tls_, ingress::TlsContext::load(options_.tls_certificate, options_.tls_key));
    tell_warnings(*tls_);
  }
  TENON_TRY(passed_, runtime::passed_sockets());
  return {};
}

std::optional<int> Port::take_admin_socket() {
  const auto found = std::find_if(passed_.begin(), passed_.end(),
                                  [](const auto& passed) { return passed.name == kAdminSocket; });
  if (found == passed_.end()) return std::nullopt;
  const int descriptor = found->descriptor;
  passed_.erase(found);
  return descriptor;
}

Result<std::string> Port::open(runtime::Runtime& runtime, ingress::Handler handler) {
  ingress::ServerLimits limits = limits_to_keep();
  limits.trusted_proxies = proxies_;
  server_.emplace(runtime.ingress(), runtime.clock(), limits, std::move(handler));
  if (tls_) server_->set_tls(tls_);
  std::string urls;
  const auto add = [&urls](ingress::Security security, const std::string& address) {
    urls += urls.empty() ? "" : ",";
    urls += (security == ingress::Security::tls ? "https://" : "http://") + address;
  };
  const auto usual = secure() ? ingress::Security::tls : ingress::Security::plain;
  for (const runtime::PassedSocket& passed : passed_) {
    const auto security = passed.name == kPlainSocket ? ingress::Security::plain : usual;
    TENON_TRY(const std::string address, server_->adopt(passed.descriptor, security));
    add(security, address);
  }
  if (passed_.empty()) {
    TENON_TRY(const std::string address, server_->listen(options_.listen, usual));
    add(usual, address);
  }
  open_ = true;
  return urls;
}

std::optional<ingress::HttpServer::Counts> Port::counts() const {
  if (!open_) return std::nullopt;
  return server_->counts();
}

void Port::reload() {
  if (!secure()) return;
  auto fresh = ingress::TlsContext::load(options_.tls_certificate, options_.tls_key);
  if (!fresh) {
    log::error(codes::kTlsCertificate, "the certificate was not reloaded; the old one stays",
               {{"error", fresh.error().message}});
    return;
  }
  tell_warnings(**fresh);
  tls_ = *fresh;
  log::info("certificate reloaded", {{"valid_until", tls_->valid_until()}});
  server_->set_tls(tls_);
}

}  // namespace tenon::app
