// The store's address, and what its refusals mean.
#pragma once

#include <tenon/connector.hpp>
#include <tenon/json.hpp>

#include <string>
#include <string_view>

namespace bigcommerce {

/// Up to 18 digits, so that it also fits 64 bits.
inline bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Where the REST API of the connection's store is. A connection that only receives full events needs no
/// store.
class store {
 public:
  explicit store(const tenon::settings& settings) {
    const auto values = tenon::json(settings);
    hash_ = tenon::text_at(values, "store_hash");
    base_ = tenon::text_at(values, "base_url", "https://api.bigcommerce.com");
    while (base_.ends_with('/')) base_.pop_back();
  }

  bool known() const { return !hash_.empty(); }
  tenon::outcome unknown() const {
    return tenon::rejected(
        "the connection has no store_hash: set store_hash and access_token to use the BigCommerce API");
  }
  /// URL of `path` ("/customers") in the v3 API. Paths have no trailing slash: BigCommerce answers 403 to
  /// one.
  std::string v3(std::string_view path) const { return api("v3", path); }
  /// The same in the v2 API, where orders are.
  std::string v2(std::string_view path) const { return api("v2", path); }

 private:
  std::string api(const char* version, std::string_view path) const {
    return tenon::request::get(base_).path("stores").path(hash_).path(version).url() + std::string(path);
  }

  std::string base_, hash_;
};

/// classify, with the store's words where they help and are no payload: a problem's `title`; in v2 the first
/// problem's `message`.
inline tenon::outcome refused(const tenon::response& answer) {
  auto out = tenon::classify(answer);
  tenon::json problem;
  if (tenon::try_parse(problem, answer.body)) {
    const bool is_list = problem.is_array() && !problem.empty();
    const auto title = is_list ? tenon::text_at(problem[0], "message") : tenon::text_at(problem, "title");
    if (!title.empty()) out.message += " (" + title.substr(0, 200) + ")";
  }
  if (answer.status == 401 && answer.body.find("header is required") != std::string::npos)
    out.message += " (set the connection's access_token)";
  if (answer.status == 403) out.message += " (wrong store_hash, or the API account lacks the scope)";
  return out;
}

}  // namespace bigcommerce
