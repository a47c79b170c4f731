// BigCommerce as a source: webhooks, customers, orders, and the hooks themselves. README.md says what it
// covers.
#include <tenon/connector.hpp>
#include <tenon/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hooks.hpp"
#include "orders.hpp"
#include "store.hpp"
#include "webhook.hpp"

namespace bigcommerce {

class source {
 public:
  explicit source(const tenon::settings& settings) : store_(settings) {}

  void accept(const tenon::event_view& view, tenon::emitter& out) const { split(view, out); }

  tenon::task<tenon::fetched> fetch(tenon::context& ctx, std::string name, tenon::arguments arguments) const {
    const auto id = tenon::text_at(tenon::json(arguments), "id");
    if (name == "order") {
      auto order = co_await fetch_order(ctx, store_, id);
      co_return order;
    }
    if (name != "customer") co_return tenon::rejected("no fetch of that name: " + name);
    // The filter takes a list: anything but one number could name other customers.
    if (!is_number(id)) co_return tenon::rejected("a customer id is a number of up to 18 digits");
    if (!store_.known()) co_return store_.unknown();
    auto search = tenon::request::get(store_.v3("/customers")).query("id:in", id);
    const auto answer = co_await ctx.http(search);
    if (!answer.ok()) co_return refused(answer);

    const auto customers = tenon::rows_in(answer, "data");
    for (std::size_t i = 0; i < customers.size(); ++i) {
      if (tenon::text_at(customers[i], "id") != id) continue;
      co_return tenon::fetched(std::string(tenon::slice(answer.body, "/data/" + std::to_string(i))),
                               tenon::text_at(customers[i], "date_modified"));
    }
    if (!customers.empty())
      co_return tenon::retry(tenon::cause::remote_error, "BigCommerce answered with another customer");
    co_return tenon::gone;
  }

  tenon::task<tenon::page> list(tenon::context& ctx, std::string name, tenon::query wanted,
                                std::string cursor) const {
    if (!cursor.empty() && !is_number(cursor)) co_return tenon::rejected("not a cursor of this list");
    const auto query = tenon::json(wanted);
    if (name == "orders") {
      auto orders = co_await list_orders(ctx, store_, query, cursor);
      co_return orders;
    }
    if (name == "order_products") {
      auto products = co_await list_order_products(ctx, store_, query, cursor);
      co_return products;
    }
    if (name != "customers") co_return tenon::rejected("no list of that name: " + name);
    if (!store_.known()) co_return store_.unknown();
    auto search = tenon::request::get(store_.v3("/customers"))
                      .query("sort", "date_modified:asc")
                      .query("limit", tenon::text_at(query, "limit", "250"))
                      .query("page", cursor.empty() ? "1" : cursor);
    if (const auto since = tenon::text_at(query, "date_modified_min"); !since.empty())
      search.query("date_modified:min", since);
    if (const auto email = tenon::text_at(query, "email"); !email.empty()) search.query("email:in", email);
    const auto answer = co_await ctx.http(search);
    if (!answer.ok()) co_return refused(answer);
    co_return customers_in(answer, cursor.empty() ? "1" : cursor);
  }

  tenon::task<tenon::fetched> hooks_list(tenon::context& ctx, tenon::arguments arguments) const {
    return list_hooks(ctx, store_, tenon::json(arguments));
  }
  tenon::task<tenon::fetched> hooks_create(tenon::context& ctx, tenon::arguments arguments) const {
    return create_hook(ctx, store_, tenon::json(arguments));
  }
  tenon::task<tenon::fetched> hooks_repair(tenon::context& ctx, tenon::arguments arguments) const {
    return repair_hooks(ctx, store_, tenon::json(arguments));
  }
  tenon::task<tenon::fetched> hooks_delete(tenon::context& ctx, tenon::arguments arguments) const {
    return delete_hooks(ctx, store_, tenon::json(arguments));
  }

 private:
  /// A v3 envelope as a page; pages are numbered, and the cursor is the next one's number.
  static tenon::page customers_in(const tenon::response& answer, const std::string& number) {
    const auto customers = tenon::rows_in(answer, "data");
    tenon::page out;
    for (std::size_t i = 0; i < customers.size(); ++i) {
      const auto id = tenon::text_at(customers[i], "id");
      if (id.empty()) throw tenon::unreadable("a customer without an id in the answer");
      out.items.emplace_back(id, "store/customer/updated",
                             std::string(tenon::slice(answer.body, "/data/" + std::to_string(i))),
                             tenon::text_at(customers[i], "date_modified"));
    }
    const auto pages = tenon::slice(answer.body, "/meta/pagination/total_pages");
    if (!customers.empty() && is_number(pages) && std::stoll(std::string(pages)) > std::stoll(number))
      out.cursor = std::to_string(std::stoll(number) + 1);
    return out;
  }

  store store_;
};

}  // namespace bigcommerce

using bigcommerce_connector = tenon::connector<"bigcommerce", bigcommerce::source>;
TENON_PLUGIN(bigcommerce_connector)
