// What the store's webhooks say: https://docs.bigcommerce.com/docs/integrations/webhooks (callbacks are
// thin), and the full event of type "bigcommerce.created".
#pragma once

#include <tenon/connector.hpp>
#include <tenon/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace bigcommerce {

inline std::string_view need_id(const tenon::event_view& view, std::string_view pointer, const char* what) {
  const auto id = view.id(pointer);
  if (!id) throw tenon::malformed(std::string(what) + " is neither a text nor a number that can be an id");
  return *id;
}

inline void need_object(const tenon::event_view& view) {
  if (!view.is_object("/data")) throw tenon::malformed("data is not an object");
}

/// {"scope", "store_id", "data": {"type", "id", …}, "hash", "created_at", "producer"}. `hash` is opaque: its
/// recipe is not published, and samples share one between different events.
inline void split_callback(const tenon::event_view& view, tenon::emitter& out, std::string_view scope) {
  constexpr std::string_view kCustomer = "store/customer/";
  constexpr std::string_view kAddress = "store/customer/address/";
  constexpr std::string_view kOrder = "store/order/";
  const auto known = [](std::string_view action) {
    return action == "created" || action == "updated" || action == "deleted";
  };
  const auto of_order = [](std::string_view action) {
    return action == "created" || action == "updated" || action == "archived" || action == "statusUpdated";
  };
  const auto when = [&]() -> std::optional<std::int64_t> {
    const auto seconds = view.integer("/created_at");
    if (!seconds || *seconds < 0 || *seconds > 99'999'999'999) return std::nullopt;
    return *seconds * 1000;
  };
  if (scope.starts_with(kAddress) && known(scope.substr(kAddress.size()))) {
    need_object(view);
    // data.id is the address; its customer orders it, since that is what gets fetched.
    const auto customer = need_id(view, "/data/address/customer_id", "data.address.customer_id");
    const auto address = need_id(view, "/data/id", "data.id");
    out.emit(tenon::event(scope, customer)
                 .names("customer", customer)
                 .names("address", address)
                 .data(view.text("/data"))
                 .time_ms(when())
                 .thin());
  } else if (scope.starts_with(kCustomer) && known(scope.substr(kCustomer.size()))) {
    need_object(view);
    const auto customer = need_id(view, "/data/id", "data.id");
    out.emit(tenon::event(scope, customer)
                 .names("customer", customer)
                 .data(view.text("/data"))
                 .time_ms(when())
                 .thin());
  } else if (scope.starts_with(kOrder) && of_order(scope.substr(kOrder.size()))) {
    need_object(view);
    const auto order = need_id(view, "/data/id", "data.id");
    out.emit(
        tenon::event(scope, order).names("order", order).data(view.text("/data")).time_ms(when()).thin());
  }
}

/// {"type": "bigcommerce.created", "timestamp", "data": {"id", "status", "email", "name", "amount"}}.
inline void split_full(const tenon::event_view& view, tenon::emitter& out, std::string_view type) {
  if (type != "bigcommerce.created") return;
  need_object(view);
  const auto id = need_id(view, "/data/id", "data.id");
  std::optional<std::int64_t> when;
  if (const auto text = view.string("/timestamp"))
    when = tenon::parse_iso_time(*text);
  else if (const auto number = view.integer("/timestamp"); number && *number >= 0)
    when = *number > 99'999'999'999 ? *number
                                    : *number * 1000;  // seconds until the year 5138, else milliseconds
  out.emit(tenon::event(type, id).names("record", id).data(view.text("/data")).time_ms(when));
}

/// A scope or type that this connector does not know makes no event.
inline void split(const tenon::event_view& view, tenon::emitter& out) {
  if (!view.is_object("")) throw tenon::malformed("the body is not an object");
  if (const auto scope = view.string("/scope")) return split_callback(view, out, *scope);
  if (const auto type = view.string("/type")) return split_full(view, out, *type);
  throw tenon::malformed("neither scope nor type is a text");
}

}  // namespace bigcommerce
