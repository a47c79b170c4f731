// Webhook: a connector's sample made into the request that a test sends, signed as its source signs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/tests.hpp"
#include "ingress/message.hpp"
#include "plugin/instance.hpp"

namespace tenon::trial {

/// Makes the requests of one connection. `accept` of the instance tells where a sample's keys stand.
class WebhookMaker {
 public:
  /// The instance outlives the maker.
  WebhookMaker(plugin::Instance& instance, std::int64_t now_ms) : instance_(instance), now_ms_(now_ms) {}

  /// The body: the sample of `type` with the wanted keys and data. Errors: `no_sample`, `bad_send` with why.
  Result<std::string> body(const std::string& type, const config::Send& wanted) const;

  /// A request with that body, with all schemes that the connection verifies by.
  ingress::Request request(const std::string& body, const std::string& delivery_id,
                           std::int64_t now_ms) const;

 private:
  Result<Event> accepted(std::string_view body) const;
  Result<std::string> with_data(const std::string& body, const config::Literal& data) const;
  Result<std::string> with_key(const std::string& body, std::string_view name, Value wanted) const;

  plugin::Instance& instance_;
  std::int64_t now_ms_;
};

}  // namespace tenon::trial
