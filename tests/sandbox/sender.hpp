// The shop's webhooks: signs deliveries, posts them, and sends again what got no answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "settings.hpp"

namespace boost::asio {
class io_context;
}

namespace sandbox {

class Sender {
 public:
  Sender(boost::asio::io_context& io, const Settings& settings);
  ~Sender();

  /// Starts a batch as POST /_sandbox/send describes it. Its number, or 0 and what is wrong in `wrong`.
  std::int64_t start(const nlohmann::json& wanted, std::string& wrong);
  /// One thin callback of the store to `url`, with a hook's own headers. Nothing is sent to what is no
  /// loopback http URL.
  void notify(const std::string& url, const nlohmann::json& headers, std::string_view scope,
              std::int64_t customer);

  bool known(std::int64_t batch) const { return batches_.contains(batch); }
  /// {"batch","deliveries":[…],"next":N,"summary":{…}}; without deliveries if `rows` is false.
  std::string report(std::int64_t batch, std::int64_t since, bool rows) const;
  void pause(std::int64_t batch, bool on);
  /// Stops and forgets all batches.
  void clear();

 private:
  class Batch;
  std::int64_t born(const std::string& delivery);
  std::string body_of(const nlohmann::json& delivery, std::string& wrong);

  boost::asio::io_context& io_;
  const Settings& settings_;
  std::map<std::int64_t, std::shared_ptr<Batch>> batches_;
  std::int64_t last_ = 0, notified_ = 0;
  /// When a delivery was first spoken of: one sent again, in this batch or another, has the same body.
  std::unordered_map<std::string, std::int64_t> born_;
};

}  // namespace sandbox
