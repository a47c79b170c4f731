// What the tests of webhook authenticity share: a connection's verifier, and headers that pass it.
#pragma once

#include <string>

#include "ingress/verify.hpp"
#include "tests/unit/ingress/signing.hpp"

namespace tenon::tests {

using ingress::Verified;
using ingress::Verifier;
using plugin::VerifyMode;
using plugin::VerifyScheme;
using runtime::Headers;

inline const std::string kBody = R"({"scope":"store/customer/created","data":{"id":12908}})";
inline const std::string kId = "msg_a";
inline const std::string kStamp = std::to_string(kNow);

struct KeyText {
  std::string secret = std::string(kRawKey);
  VerifyScheme::KeyForm form = VerifyScheme::KeyForm::raw;
};

inline Result<Verifier> standard(const KeyText& setup = {}) {
  plugin::ConnectionSpec connection;
  connection.name = "store";
  connection.secrets.emplace("client_secret", Secret(setup.secret));
  connection.verify = {{"signature", VerifyMode::required}};
  VerifyScheme scheme = shop_schemes()[1];
  scheme.key_form = setup.form;
  scheme.least_key_bytes = setup.form == VerifyScheme::KeyForm::whsec ? 24 : 16;
  return Verifier::make(connection, {scheme});
}

inline Verified check(const Headers& headers, std::string_view body = kBody, std::int64_t now = kNow * 1000) {
  return standard().value().check(headers, body, now);
}

inline Headers good() { return standard_headers(kRawKey, kId, kStamp, kBody); }

inline plugin::ConnectionSpec shop(VerifyMode header, VerifyMode signature) {
  plugin::ConnectionSpec connection;
  connection.name = "store";
  connection.secrets.emplace("webhook_secret", Secret(kHeaderSecret));
  connection.secrets.emplace("client_secret", Secret(kRawKey));
  connection.verify = {{"header", header}, {"signature", signature}};
  return connection;
}

}  // namespace tenon::tests
