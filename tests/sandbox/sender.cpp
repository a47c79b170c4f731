#include "sender.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "batch.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

/// http://127.0.0.1:8080/in/store; false if it is something else or not on this machine.
bool parse_url(std::string_view url, Target& out) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return false;
  url.remove_prefix(kScheme.size());
  const auto slash = url.find('/');
  out.path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  out.authority = std::string(url.substr(0, slash));
  const bool six = out.authority.starts_with("[::1]");
  const auto colon = out.authority.find(':', six ? 5 : 0);
  const auto host = out.authority.substr(0, colon);
  if (host != "127.0.0.1" && host != "localhost" && host != "[::1]") return false;
  out.ip = six ? "::1" : "127.0.0.1";
  const auto port =
      colon == std::string::npos ? 80 : whole_number(out.authority.substr(colon + 1)).value_or(0);
  out.port = static_cast<std::uint16_t>(port);
  return port > 0 && port <= 65535 &&
         std::none_of(out.path.begin(), out.path.end(), [](unsigned char c) { return c <= ' ' || c > 126; });
}

bool header_safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

Sender::Sender(boost::asio::io_context& io, const Settings& settings) : io_(io), settings_(settings) {}
Sender::~Sender() { clear(); }

std::int64_t Sender::born(const std::string& delivery) {
  return born_.emplace(delivery, wall_ms()).first->second;
}

std::string Sender::body_of(const json& delivery, std::string& wrong) {
  const auto id = delivery["id"].get<std::string>();
  const auto at = born(id);
  if (delivery.contains("body")) {
    const auto& body = delivery["body"];
    return body.is_string() ? body.get<std::string>() : dumped(body);
  }
  if (delivery.contains("type")) {
    return dumped({{"type", delivery["type"]},
                   {"timestamp", iso_seconds(at)},
                   {"data", delivery.value("data", json())}});
  }
  if (!delivery.contains("scope") || !delivery["scope"].is_string()) {
    wrong = "a delivery has scope and customer_id, or type and data, or body";
    return "";
  }
  const auto scope = delivery["scope"].get<std::string>();
  json data = delivery.value("data", json());
  if (data.is_null()) data = {{"type", "customer"}, {"id", delivery.value("customer_id", json())}};
  // The hash identifies the event, and is of no use for anything else.
  nlohmann::ordered_json out = {{"scope", scope},          {"store_id", "1025646"},
                                {"data", nullptr},         {"hash", sha1_hex(id + scope + dumped(data))},
                                {"created_at", at / 1000}, {"producer", "stores/" + settings_.store_hash}};
  out["data"] = data;
  return out.dump();
}

std::int64_t Sender::start(const json& wanted, std::string& wrong) {
  BatchSpec spec;
  spec.client_secret = settings_.client_secret;
  spec.webhook_secret = settings_.webhook_secret;
  static constexpr std::string_view kKnown[] = {"url",         "deliveries",      "rate",
                                                "concurrency", "resend_after_ms", "timeout_ms",
                                                "give_up",     "client_secret",   "webhook_secret"};
  for (const auto& [name, value] : wanted.items())
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown))
      wrong = "not understood: " + name;
  const auto url = wanted.value("url", json());
  if (!url.is_string() || !parse_url(url.get<std::string>(), spec.target))
    wrong = "url is http:// on this machine";
  const auto number = [&](const char* name, double least, double most, double usual) {
    const auto value = wanted.value(name, json(usual));
    if (value.is_number() && value >= least && value <= most) return value.get<double>();
    wrong = std::string(name) + " is a number from " + std::to_string(static_cast<long>(least));
    return usual;
  };
  spec.rate = number("rate", 0, 1e6, 0);
  spec.concurrency = static_cast<std::size_t>(number("concurrency", 1, 1024, 16));
  spec.resend_after_ms = number("resend_after_ms", 1, 1e8, 1000);
  spec.timeout_ms = static_cast<std::int64_t>(number("timeout_ms", 1, 1e7, 15'000));
  if (const auto give_up = wanted.value("give_up", json("never")); give_up.is_number_integer() && give_up > 0)
    spec.most_attempts = give_up;
  else if (give_up != "never")
    wrong = "give_up is a number of attempts or \"never\"";
  for (auto [name, slot] :
       {std::pair("client_secret", &spec.client_secret), std::pair("webhook_secret", &spec.webhook_secret)})
    if (wanted.contains(name) && wanted[name].is_string()) *slot = wanted[name].get<std::string>();
  const auto deliveries = wanted.value("deliveries", json());
  if (!deliveries.is_array()) wrong = "deliveries is a list";
  if (!wrong.empty()) return 0;
  std::vector<Delivery> rows;
  rows.reserve(deliveries.size());
  for (const auto& one : deliveries) {
    Delivery row;
    if (!one.is_object() || !one.value("id", json()).is_string() ||
        !header_safe(one["id"].get<std::string>())) {
      wrong = "a delivery has an id";
      return 0;
    }
    row.id = one["id"].get<std::string>();
    row.forged = one.value("forged", json()) == true;
    row.body = body_of(one, wrong);
    if (!wrong.empty()) return 0;
    rows.push_back(std::move(row));
  }
  auto batch = std::make_shared<Batch>(io_, std::move(spec), std::move(rows));
  batches_[++last_] = batch;
  batch->pump();
  return last_;
}

void Sender::notify(const std::string& url, const json& headers, std::string_view scope,
                    std::int64_t customer) {
  BatchSpec spec;
  if (!parse_url(url, spec.target)) return;
  spec.client_secret = settings_.client_secret;
  if (headers.is_object())
    for (const auto& [name, value] : headers.items())
      if (value.is_string() && header_safe(name) && header_safe(value.get<std::string>()))
        spec.more_headers += name + ": " + value.get<std::string>() + "\r\n";
  Delivery row;
  row.id = "msg_hook_" + std::to_string(wall_ms()) + "_" + std::to_string(++notified_);
  std::string wrong;
  row.body = body_of({{"id", row.id}, {"scope", scope}, {"customer_id", customer}}, wrong);
  auto batch = std::make_shared<Batch>(io_, std::move(spec), std::vector<Delivery>{std::move(row)});
  batches_[++last_] = batch;
  batch->pump();
}

std::string Sender::report(std::int64_t batch, std::int64_t since, bool rows) const {
  return batches_.at(batch)->report(batch, since, rows);
}

void Sender::pause(std::int64_t batch, bool on) { batches_.at(batch)->pause(on); }

void Sender::clear() {
  for (auto& [number, batch] : batches_) batch->stop();
  batches_.clear();
  born_.clear();
}

}  // namespace sandbox
