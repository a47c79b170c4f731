// Orders and their products: the v2 API, whose lists are bare arrays without any word on pages.
#pragma once

#include <tenon/connector.hpp>
#include <tenon/json.hpp>

#include <string>
#include <utility>

#include "store.hpp"

namespace bigcommerce {

/// The rows of a v2 list; an empty one is answered by 204 without a body.
inline tenon::json v2_rows(const tenon::response& answer) {
  auto rows = tenon::json(answer);
  if (rows.is_null() && answer.body.empty()) return tenon::json::array();
  if (!rows.is_array()) throw tenon::unreadable("a list was expected in the answer");
  return rows;
}

/// A page of v2 rows. A full page may be followed by another: the cursor is its number.
inline tenon::page v2_page(const tenon::response& answer, const char* type, const std::string& number,
                           std::size_t limit) {
  const auto rows = v2_rows(answer);
  tenon::page out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto id = tenon::text_at(rows[i], "id");
    if (id.empty()) throw tenon::unreadable("a row without an id in the answer");
    out.items.emplace_back(id, type, std::string(tenon::slice(answer.body, "/" + std::to_string(i))),
                           tenon::text_at(rows[i], "date_modified"));
  }
  if (rows.size() >= limit) out.cursor = std::to_string(std::stoll(number) + 1);
  return out;
}

inline std::size_t limit_of(const tenon::json& query) {
  const auto limit = tenon::text_at(query, "limit", "250");
  return is_number(limit) ? std::stoull(limit) : 250;
}

inline tenon::task<tenon::fetched> fetch_order(tenon::context& ctx, const store& at, std::string id) {
  if (!is_number(id)) co_return tenon::rejected("an order id is a number of up to 18 digits");
  if (!at.known()) co_return at.unknown();
  auto read = tenon::request::get(at.v2("/orders/" + id));
  const auto answer = co_await ctx.http(read);
  // A path that the API does not have is answered by 404 too, in plain words.
  if (answer.status == 404 && answer.body.find("route is not found") == std::string::npos)
    co_return tenon::gone;
  if (!answer.ok()) co_return refused(answer);
  const auto order = tenon::json(answer);
  if (tenon::text_at(order, "id") != id)
    co_return tenon::retry(tenon::cause::remote_error, "BigCommerce answered with another order");
  co_return tenon::fetched(answer.body, tenon::text_at(order, "date_modified"));
}

inline tenon::task<tenon::page> list_orders(tenon::context& ctx, const store& at, tenon::json query,
                                            std::string cursor) {
  if (!at.known()) co_return at.unknown();
  const auto number = cursor.empty() ? std::string("1") : cursor;
  const auto limit = limit_of(query);
  auto search = tenon::request::get(at.v2("/orders"))
                    .query("sort", "date_modified:asc")
                    .query("limit", std::to_string(limit))
                    .query("page", number);
  for (const char* filter : {"min_date_modified", "email", "customer_id", "status_id"})
    if (const auto value = tenon::text_at(query, filter); !value.empty()) search.query(filter, value);
  const auto answer = co_await ctx.http(search);
  if (!answer.ok()) co_return refused(answer);
  co_return v2_page(answer, "store/order/updated", number, limit);
}

inline tenon::task<tenon::page> list_order_products(tenon::context& ctx, const store& at, tenon::json query,
                                                    std::string cursor) {
  const auto order = tenon::text_at(query, "order");
  if (!is_number(order)) co_return tenon::rejected("an order id is a number of up to 18 digits");
  if (!at.known()) co_return at.unknown();
  const auto number = cursor.empty() ? std::string("1") : cursor;
  const auto limit = limit_of(query);
  auto search = tenon::request::get(at.v2("/orders/" + order + "/products"))
                    .query("limit", std::to_string(limit))
                    .query("page", number);
  const auto answer = co_await ctx.http(search);
  if (!answer.ok()) co_return refused(answer);
  co_return v2_page(answer, "order_product", number, limit);
}

}  // namespace bigcommerce
