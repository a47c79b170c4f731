// The pretend BigCommerce: customers, hooks and orders of one store under /stores/{hash}.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "message.hpp"
#include "settings.hpp"

namespace sandbox {

/// The store's hooks: /v3/hooks.
class Hooks {
 public:
  explicit Hooks(const Settings& settings) : settings_(settings) {}
  /// `rest` is what follows /hooks: empty or /{id}.
  Reply handle(const Request& request, std::string_view rest);
  void clear() { hooks_.clear(); }
  /// Destinations and headers of the active hooks for a concrete scope such as store/customer/created.
  std::vector<std::pair<std::string, nlohmann::json>> destinations(std::string_view scope) const;

 private:
  using json = nlohmann::json;
  Reply list(const Request& request) const;
  Reply create(const Request& request);
  Reply update(const Request& request, json& hook);
  /// A refusal if the fields do not fit, or clash with another hook than `self`.
  std::optional<Reply> check(const json& wanted, const json& after, std::int64_t self) const;

  const Settings& settings_;
  std::map<std::int64_t, json> hooks_;
  std::int64_t next_id_ = 20000000;
};

class BigCommerce {
 public:
  BigCommerce(const Settings& settings, Effects& effects)
      : settings_(settings), effects_(effects), hooks_(settings) {}

  /// A request whose path begins with /stores.
  Reply handle(const Request& request);
  void clear();

  /// Puts `count` made-up customers with the ids from `first_id` on into the store; returns how many are new.
  std::size_t seed_customers(std::int64_t count, std::int64_t first_id);
  /// One customer as given; fields that are missing are made up. Its id, or why not.
  std::optional<std::int64_t> seed_customer(nlohmann::json fields);
  void seed_orders(std::int64_t count, std::int64_t first_id);
  bool remove_customer(std::int64_t id);
  std::size_t size() const { return customers_.size(); }
  const Hooks& hooks() const { return hooks_; }
  /// Called with scope and customer when a request changes a customer.
  std::function<void(std::string_view, std::int64_t)> changed;

 private:
  using json = nlohmann::json;
  Reply customers(const Request& request);
  Reply list_customers(const Request& request) const;
  Reply write_customers(const Request& request);
  Reply delete_customers(const Request& request);
  Reply orders(const Request& request, std::string_view rest) const;
  Reply list_orders(const Request& request) const;
  std::optional<Reply> check_customer(const json& wanted, bool create) const;
  json made_up(std::int64_t id) const;
  void put(std::int64_t id, json fields);
  void record(const Request& request, std::string_view kind, std::int64_t id, const json& fields, int status);

  const Settings& settings_;
  Effects& effects_;
  Hooks hooks_;
  std::map<std::int64_t, json> customers_, orders_;
  std::unordered_map<std::string, std::int64_t> by_email_;
  std::int64_t next_id_ = 1;
};

/// {"data":…,"meta":…} of the v3 API; with pagination when `total` is given.
Reply v3_envelope(const nlohmann::json& data);
Reply v3_page(nlohmann::json data, std::int64_t total, std::int64_t page, std::int64_t limit);
/// page and limit of a v3 list, or the refusal.
std::optional<Reply> v3_paging(const Request& request, std::int64_t& page, std::int64_t& limit);

}  // namespace sandbox
