// connector and TENON_PLUGIN: from an author's classes to the one exported symbol.
//
//   using shop = tenon::connector<"shop", shop_source, upsert_contact, post_note>;
//   TENON_PLUGIN(shop)
//
// Each class (a part) is made with `const tenon::settings&` for every instance; at most one is a source, each
// other one is an operation. An exception out of a constructor refuses the connection, with its text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "tenon/sink.hpp"
#include "tenon/source.hpp"

namespace tenon {

namespace sdk {

/// A text as a template argument.
template <std::size_t N>
struct literal {
  char text[N];
  consteval literal(const char (&from)[N]) { std::copy_n(from, N, text); }
  constexpr std::string_view view() const { return std::string_view(text, N - 1); }
};

/// One instance of a connector.
template <class... Parts>
struct instance {
  instance(const tenon_host* h, const settings& s) : host(h), parts(pick<Parts>(s)...) {}
  template <class>
  static const settings& pick(const settings& s) {
    return s;
  }
  const tenon_host* host;
  std::tuple<Parts...> parts;
};

template <class Box, class First, class... Rest>
const tenon_source* find_source() noexcept {
  if constexpr (is_source<First>) {
    return source_table<Box, First>();
  } else if constexpr (sizeof...(Rest) > 0) {
    return find_source<Box, Rest...>();
  } else {
    return nullptr;
  }
}

template <class P>
constexpr bool check_part() {
  static_assert(is_source<P> || is_operation<P>,
                "a part is a source (accept, fetch, list, hooks_*) or an operation (a constant `operation`)");
  static_assert(!(is_source<P> && is_operation<P>), "a part is either a source or an operation");
  if constexpr (is_operation<P>) check_operation<P>();
  return true;
}

}  // namespace sdk

template <sdk::literal Name, class... Parts>
class connector {
  static_assert(sizeof...(Parts) > 0, "a connector has at least one part");
  static_assert((sdk::check_part<Parts>() && ...));
  static_assert((int(sdk::is_source<Parts>) + ...) <= 1, "a connector has at most one source");
  using box = sdk::instance<Parts...>;

  static void* create(const tenon_host* host, tenon_str text, tenon_fail fail, void* user) noexcept {
    try {
      const tenon::settings values(sdk::copy(text));
      return new box(host, values);
    } catch (const std::exception& e) {
      fail(user, sdk::lend(e.what()));
    } catch (...) {
      fail(user, sdk::lend("unknown exception"));
    }
    return nullptr;
  }
  static void destroy(void* self) noexcept { delete static_cast<box*>(self); }

 public:
  static const tenon_connector* table() noexcept {
    static const tenon_connector t = [] {
      tenon_connector c{};
      c.size = sizeof c;
      c.name = sdk::lend(Name.view());
      c.create = &connector::create;
      c.destroy = &connector::destroy;
      c.source = sdk::find_source<box, Parts...>();
      if constexpr ((sdk::is_operation<Parts> || ...)) c.sink = sdk::sink_table<box, Parts...>();
      return c;
    }();
    return &t;
  }
};

namespace sdk {

template <class... Connectors>
const tenon_plugin* plugin_table() noexcept {
  static const tenon_connector* const connectors[] = {Connectors::table()...};
  static const tenon_plugin table = [] {
    tenon_plugin p{};
    p.size = sizeof p;
    p.abi_major = TENON_ABI_MAJOR;
    p.abi_minor = TENON_ABI_MINOR;
    p.connectors = connectors;
    p.connector_count = sizeof...(Connectors);
    return p;
  }();
  return &table;
}

}  // namespace sdk
}  // namespace tenon

/// Once per plugin, at namespace scope: all its connectors.
#define TENON_PLUGIN(...)                                                                   \
  extern "C" __attribute__((visibility("default"))) const tenon_plugin* tenon_plugin_v1() { \
    return tenon::sdk::plugin_table<__VA_ARGS__>();                                         \
  }
