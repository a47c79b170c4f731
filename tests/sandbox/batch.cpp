#include "batch.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

double rounded(double ms) { return std::round(ms * 1000) / 1000; }

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at =
      std::min(values.size() - 1, static_cast<std::size_t>(static_cast<double>(values.size()) * share));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return rounded(values[at]);
}

bool says_duplicate(const std::string& body) {
  if (body.empty() || body.size() > 4096) return false;
  const auto parsed = json::parse(body, nullptr, false);
  return parsed.is_object() && parsed.value("duplicate", json()) == true;
}

}  // namespace

Sender::Batch::Batch(boost::asio::io_context& io, BatchSpec spec, std::vector<Delivery> deliveries)
    : io_(io),
      spec_(std::move(spec)),
      deliveries_(std::move(deliveries)),
      timer_(io),
      started_(steady_ms()) {}

double Sender::Batch::due_of(std::size_t index) const {
  return spec_.rate <= 0 ? started_ : started_ + static_cast<double>(index) * 1000 / spec_.rate;
}

void Sender::Batch::pump() {
  if (stopped_ || paused_at_ > 0) return;
  const auto now = steady_ms();
  while (!idle_.empty() || clients_ < spec_.concurrency) {
    if (!again_.empty() && again_.top().at <= now) {
      const auto index = again_.top().index;
      again_.pop();
      attempt(index);
    } else if (next_ < deliveries_.size() && due_of(next_) <= now) {
      attempt(next_++);
    } else {
      break;
    }
  }
  double wake = again_.empty() ? -1 : again_.top().at;
  if (next_ < deliveries_.size() && (wake < 0 || due_of(next_) < wake)) wake = due_of(next_);
  if (wake < 0 || wake <= now) return;  // nothing waits, or it waits for a connection that will call again
  timer_.expires_after(std::chrono::microseconds(static_cast<std::int64_t>((wake - now) * 1000) + 1));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->pump();
  });
}

void Sender::Batch::attempt(std::size_t index) {
  std::shared_ptr<Client> client;
  if (idle_.empty()) {
    client = std::make_shared<Client>(io_, spec_.target.ip, spec_.target.port);
    ++clients_;
  } else {
    client = std::move(idle_.back());
    idle_.pop_back();
  }
  auto& delivery = deliveries_[index];
  if (delivery.attempts++ == 0) delivery.first_sent_ms = wall_ms();
  auto* const borrowed = client.get();
  borrowed->send(request_for(delivery), spec_.timeout_ms,
                 [self = shared_from_this(), index, client = std::move(client)](Exchange exchange) {
                   self->ended(index, client, std::move(exchange));
                 });
}

std::string Sender::Batch::request_for(const Delivery& delivery) const {
  // Each attempt has its own timestamp and so its own signature: https://www.standardwebhooks.com
  const auto now = std::to_string(wall_ms() / 1000);
  const auto key = delivery.forged ? "not " + spec_.client_secret : spec_.client_secret;
  const auto mac = hmac_sha256(key, delivery.id + "." + now + "." + delivery.body);
  std::string out =
      "POST " + spec_.target.path + " HTTP/1.1\r\nHost: " + spec_.target.authority +
      "\r\nContent-Type: application/json\r\nUser-Agent: tenon-sandbox\r\nwebhook-id: " + delivery.id +
      "\r\nwebhook-timestamp: " + now + "\r\nwebhook-signature: v1," + base64(mac) + "\r\n";
  if (!spec_.webhook_secret.empty())
    out += "x-tenon-webhook-secret: " + std::string(delivery.forged ? "not " : "") + spec_.webhook_secret +
           "\r\n";
  out += spec_.more_headers;
  out += "Content-Length: " + std::to_string(delivery.body.size()) + "\r\n\r\n" + delivery.body;
  return out;
}

void Sender::Batch::ended(std::size_t index, std::shared_ptr<Client> client, Exchange exchange) {
  if (stopped_) return;
  idle_.push_back(std::move(client));
  auto& delivery = deliveries_[index];
  const bool busy = exchange.status == 429 || exchange.status >= 500;
  delivery.unanswered += exchange.status == 0;
  delivery.busy += busy;
  delivery.faulty += busy && exchange.status != 429 && exchange.status != 503;
  if ((exchange.status == 0 || busy) &&
      (spec_.most_attempts == 0 || delivery.attempts < spec_.most_attempts)) {
    again_.push({steady_ms() + spec_.resend_after_ms, index});
  } else {
    delivery.ended = true;
    delivery.status = exchange.status;
    delivery.answered_ms = wall_ms();
    delivery.ack_ms = exchange.done_ms - exchange.sent_ms;
    delivery.duplicate = exchange.status / 100 == 2 && says_duplicate(exchange.body);
  }
  pump();
}

void Sender::Batch::pause(bool on) {
  if (on == (paused_at_ > 0)) return;
  if (on) {
    paused_at_ = steady_ms();
    timer_.cancel();
    return;
  }
  started_ += steady_ms() - paused_at_;  // what fell due meanwhile does not come all at once
  paused_at_ = 0;
  pump();
}

void Sender::Batch::stop() {
  stopped_ = true;
  timer_.cancel();
  idle_.clear();
}

std::string Sender::Batch::report(std::int64_t number, std::int64_t since, bool rows) const {
  std::int64_t sent = 0, ended = 0, answered = 0, refused = 0, unanswered = 0, busy = 0, faulty = 0,
               duplicates = 0, given_up = 0;
  std::vector<double> acks;
  for (const auto& d : deliveries_) {
    sent += d.attempts > 0;
    ended += d.ended;
    answered += d.ended && d.status != 0;
    given_up += d.ended && d.status / 100 != 2 && d.status / 100 != 4;
    refused += d.ended && d.status / 100 == 4;
    unanswered += d.unanswered;
    busy += d.busy;
    faulty += d.faulty;
    duplicates += d.duplicate;
    if (d.ended && d.status / 100 == 2) acks.push_back(d.ack_ms);
  }
  const auto total = static_cast<std::int64_t>(deliveries_.size());
  json out = {{"batch", number},
              {"summary",
               {{"total", total},
                {"sent", sent},
                {"answered", answered},
                {"pending", total - ended},
                {"refused", refused},
                {"given_up", given_up},
                {"duplicates", duplicates},
                {"resent_unanswered", unanswered},
                {"resent_busy", busy},
                {"resent_faulty", faulty},
                {"paused", paused_at_ > 0},
                {"ack_p50_ms", percentile(acks, 0.5)},
                {"ack_p99_ms", percentile(acks, 0.99)}}}};
  if (rows) {
    auto list = json::array();
    const auto first =
        std::min<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(since, 0)), deliveries_.size());
    for (auto i = first; i < deliveries_.size(); ++i) {
      const auto& d = deliveries_[i];
      list.push_back({{"id", d.id},
                      {"forged", d.forged},
                      {"attempts", d.attempts},
                      {"unanswered", d.unanswered},
                      {"busy", d.busy},
                      {"status", d.status},
                      {"first_sent_ms", d.first_sent_ms},
                      {"answered_ms", d.answered_ms},
                      {"ack_ms", rounded(d.ack_ms)},
                      {"duplicate", d.duplicate}});
    }
    out["deliveries"] = std::move(list);
    out["next"] = total;
  }
  return out.dump();
}

}  // namespace sandbox
