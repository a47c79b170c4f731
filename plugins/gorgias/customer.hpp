// Customers of the helpdesk: https://developers.gorgias.com/reference/the-customer-object
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api.hpp"
#include "channels.hpp"

namespace gorgias {

/// shape upsert: found by external_id, then by email, which Gorgias keeps unique.
class upsert_customer : public api {
 public:
  static constexpr std::string_view operation = "upsert_customer";
  using api::api;

  tenon::task<tenon::found> find(tenon::context& ctx, tenon::record record) const {
    const auto wanted = tenon::json(record);
    for (const char* field : {"external_id", "email"}) {
      const auto value = tenon::text_at(wanted, field);
      if (value.empty()) continue;
      auto search =
          tenon::request::get(customers()).query(field, lowered_if_email(field, value)).query("limit", 100);
      const auto answer = co_await ctx.http(search);
      if (!answer.ok()) co_return refused(answer);
      auto rows = tenon::rows_in(answer, "data");
      // The filter is the remote's; what it means is ours.
      for (auto row = rows.begin(); row != rows.end();)
        row = same(field, tenon::text_at(*row, field), value) ? row + 1 : rows.erase(row);
      if (!rows.empty()) co_return tenon::matches_in(rows);
    }
    co_return tenon::found();
  }

  tenon::task<tenon::outcome> create(tenon::context& ctx, tenon::record record, std::string) const {
    // The marker of a create is external_id: it is what find looks for first.
    auto body = tenon::json(record);
    body.erase("phone");
    body["channels"] = merged_channels(tenon::json::array(), tenon::json(record));
    auto create = tenon::request::post(customers()).json(body);
    const auto answer = co_await ctx.http(create);
    if (!answer.ok()) co_return refused(answer);
    co_return tenon::delivered_with_id(answer);
  }

  tenon::task<tenon::outcome> update(tenon::context& ctx, std::string id, tenon::record record,
                                     std::optional<tenon::match> match) const {
    // PUT replaces all channels, so those that are there must be known; rows of a list may leave them out.
    auto now = match && !match->text.empty() ? tenon::parse(match->text) : tenon::json();
    if (!now.is_object() || !now.contains("channels")) {
      auto read = tenon::request::get(customers()).path(id);
      const auto answer = co_await ctx.http(read);
      if (!answer.ok()) co_return refused(answer);
      now = tenon::json(answer);
      if (!now.is_object()) throw tenon::unreadable("a customer was expected in the answer");
    }
    auto update = tenon::request::put(customers()).path(id).json(changes(now, tenon::json(record)));
    const auto answer = co_await ctx.http(update);
    if (!answer.ok()) co_return refused(answer);
    co_return tenon::delivered(id);
  }

 private:
  std::string customers() const { return helpdesk() + "/customers"; }

  static std::string lowered_if_email(std::string_view field, std::string value) {
    return field == "email" ? tenon::to_lower(std::move(value)) : value;
  }
  static bool same(std::string_view field, const std::string& theirs, const std::string& ours) {
    return field == "email" ? tenon::to_lower(theirs) == tenon::to_lower(ours) : theirs == ours;
  }

  /// The body of the PUT: what the record says, all channels that are there, and never another system's
  /// external_id.
  static tenon::json changes(const tenon::json& now, tenon::json record) {
    auto body = record;
    body.erase("phone");
    body.erase("channels");
    const auto before = plain_channels(now.value("channels", tenon::json::array()));
    if (auto after = merged_channels(before, record); after != before) body["channels"] = std::move(after);
    if (const auto theirs = tenon::text_at(now, "external_id"); !theirs.empty()) body.erase("external_id");
    return body;
  }
};

}  // namespace gorgias
