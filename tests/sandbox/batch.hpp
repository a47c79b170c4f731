// One batch of deliveries on its way: pace, connections, repetition.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "http.hpp"
#include "sender.hpp"

namespace sandbox {

struct Target {
  std::string ip, authority, path;
  std::uint16_t port = 80;
};

struct BatchSpec {
  Target target;
  std::string client_secret, webhook_secret;
  std::string more_headers;  ///< lines ready to send
  double rate = 0;           ///< per second; 0: as fast as the connections allow
  std::size_t concurrency = 1;
  double resend_after_ms = 1000;
  std::int64_t timeout_ms = 15'000;
  std::int64_t most_attempts = 0;  ///< 0: never give up
};

struct Delivery {
  std::string id, body;
  bool forged = false, duplicate = false, ended = false;
  std::int64_t attempts = 0;
  std::int64_t unanswered = 0;  ///< attempts that got no HTTP answer
  std::int64_t busy = 0;        ///< attempts answered 429 or 5xx
  std::int64_t faulty = 0;      ///< of those: neither 429 nor 503
  int status = 0;               ///< of the answer that ended it
  std::int64_t first_sent_ms = 0, answered_ms = 0;
  double ack_ms = 0;
};

class Sender::Batch : public std::enable_shared_from_this<Sender::Batch> {
 public:
  Batch(boost::asio::io_context& io, BatchSpec spec, std::vector<Delivery> deliveries);
  /// Sends what is due, as far as connections are free, and comes back when more is due.
  void pump();
  void pause(bool on);
  void stop();
  std::string report(std::int64_t number, std::int64_t since, bool rows) const;

 private:
  struct Due {
    double at;
    std::size_t index;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  double due_of(std::size_t index) const;
  void attempt(std::size_t index);
  std::string request_for(const Delivery& delivery) const;
  void ended(std::size_t index, std::shared_ptr<Client> client, Exchange exchange);

  boost::asio::io_context& io_;
  BatchSpec spec_;
  std::vector<Delivery> deliveries_;
  boost::asio::steady_timer timer_;
  std::vector<std::shared_ptr<Client>> idle_;
  std::size_t clients_ = 0, next_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> again_;
  double started_, paused_at_ = 0;
  bool stopped_ = false;
};

}  // namespace sandbox
