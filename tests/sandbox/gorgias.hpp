// The pretend Gorgias: customers of a helpdesk under /api.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ledger.hpp"
#include "message.hpp"
#include "oauth.hpp"
#include "settings.hpp"
#include "switches.hpp"

namespace sandbox {

class Gorgias {
 public:
  Gorgias(const Settings& settings, Effects& effects, const OAuth& oauth, const Switches& switches);

  /// A request whose path begins with /api.
  Reply handle(const Request& request);
  void clear();
  std::size_t size() const { return customers_.size(); }

 private:
  using json = nlohmann::json;
  struct Customer {
    json fields;
    std::int64_t created_ms = 0, updated_ms = 0;
    std::int64_t order = 0;  ///< of the last change: tells changes of one millisecond apart
    std::int64_t data_version = 0;
  };
  using Customers = std::map<std::int64_t, Customer>;

  Reply account(const Request& request) const;
  Reply list(const Request& request) const;
  Reply create(const Request& request);
  Reply read(const Customer& customer) const;
  Reply update(const Request& request, Customers::iterator at);
  Reply put_data(const Request& request, Customers::iterator at);
  Reply remove(const Request& request, Customers::iterator at);
  Reply remove_many(const Request& request);

  /// Takes the validated fields over; a refusal when an email is another's.
  std::optional<Reply> apply(json& fields, const json& wanted, std::int64_t self);
  void index(std::int64_t id, const json& fields, bool add);
  void record(const Request& request, std::string_view kind, std::int64_t id, const json& fields, int status);
  bool matches(const Customer& customer, const Request& request) const;

  const Settings& settings_;
  Effects& effects_;
  const OAuth& oauth_;
  const Switches& switches_;
  std::string basic_, bearer_;
  Customers customers_;
  std::unordered_multimap<std::string, std::int64_t> by_email_, by_external_id_;
  std::int64_t next_id_ = 1000, next_channel_ = 1, changes_ = 0;
};

/// The body of a write as an object whose fields fit, or the refusal. `what` is the error's text.
std::optional<Reply> check_customer(std::string_view text, std::string_view what, nlohmann::json& out);

}  // namespace sandbox
