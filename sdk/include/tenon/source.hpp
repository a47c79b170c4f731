// A source: a class with any of accept, fetch, list and hooks_*.
//
//   class shop {
//    public:
//     explicit shop(const tenon::settings& settings);
//     void accept(const tenon::event_view& view, tenon::emitter& out) const;
//     tenon::task<tenon::fetched> fetch(tenon::context&, std::string name, tenon::arguments) const;
//     tenon::task<tenon::page> list(tenon::context&, std::string name, tenon::query, std::string cursor)
//     const; tenon::task<tenon::fetched> hooks_list(tenon::context&, tenon::arguments) const;  // and
//     _create, _repair, _delete
//   };
#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "tenon/call.hpp"
#include "tenon/event.hpp"

namespace tenon::sdk {

// By name only: a function of that name with other arguments must be an error, never an ability that silently
// is missing.
template <class P>
concept names_accept = requires {
  &P::accept;
};
template <class P>
concept names_fetch = requires {
  &P::fetch;
};
template <class P>
concept names_list = requires {
  &P::list;
};
template <class P>
concept names_hooks_list = requires {
  &P::hooks_list;
};
template <class P>
concept names_hooks_create = requires {
  &P::hooks_create;
};
template <class P>
concept names_hooks_repair = requires {
  &P::hooks_repair;
};
template <class P>
concept names_hooks_delete = requires {
  &P::hooks_delete;
};
template <class P>
concept is_source = names_accept<P> || names_fetch<P> || names_list<P> || names_hooks_list<P> ||
    names_hooks_create<P> || names_hooks_repair<P> || names_hooks_delete<P>;

/// The functions of tenon_source for the part `P` of `Box`.
template <class Box, class P>
struct source_thunks {
  static P& part(void* self) noexcept { return std::get<P>(static_cast<Box*>(self)->parts); }
  static const tenon_host* host(void* self) noexcept { return static_cast<Box*>(self)->host; }

  static std::uint32_t accept(void* self, const tenon_delivery* delivery, tenon_emit emit, tenon_fail fail,
                              void* user) noexcept {
    try {
      const event_view view(host(self), *delivery);
      emitter out(emit, user);
      part(self).accept(view, out);
      return 0;
    } catch (const std::exception& e) {
      fail(user, lend(e.what()));
    } catch (...) {
      fail(user, lend("unknown exception"));
    }
    return 1;
  }

  static void fetch(void* self, tenon_call call, tenon_str name, tenon_str arguments) noexcept {
    guarded(host(self), call, [&] {
      drive<fetched>(host(self), call, no_filter(),
                     [self, n = copy(name), a = document(copy(arguments))](context& ctx) mutable {
                       return part(self).fetch(ctx, std::move(n), std::move(a));
                     });
    });
  }

  static void list(void* self, tenon_call call, tenon_str name, tenon_str query, tenon_str cursor) noexcept {
    guarded(host(self), call, [&] {
      drive<page>(host(self), call, no_filter(),
                  [self, n = copy(name), q = document(copy(query)), c = copy(cursor)](context& ctx) mutable {
                    return part(self).list(ctx, std::move(n), std::move(q), std::move(c));
                  });
    });
  }

  template <class Function>
  static void hooks(void* self, tenon_call call, tenon_str arguments, Function function) noexcept {
    guarded(host(self), call, [&] {
      drive<fetched>(host(self), call, no_filter(),
                     [self, function, a = document(copy(arguments))](context& ctx) mutable {
                       return (part(self).*function)(ctx, std::move(a));
                     });
    });
  }
  static void hooks_list(void* s, tenon_call call, tenon_str a) noexcept {
    hooks(s, call, a, &P::hooks_list);
  }
  static void hooks_create(void* s, tenon_call call, tenon_str a) noexcept {
    hooks(s, call, a, &P::hooks_create);
  }
  static void hooks_repair(void* s, tenon_call call, tenon_str a) noexcept {
    hooks(s, call, a, &P::hooks_repair);
  }
  static void hooks_delete(void* s, tenon_call call, tenon_str a) noexcept {
    hooks(s, call, a, &P::hooks_delete);
  }
};

template <class Box, class P>
const tenon_source* source_table() noexcept {
  using thunks = source_thunks<Box, P>;
  static const tenon_source table = [] {
    tenon_source t{};
    t.size = sizeof t;
    if constexpr (names_accept<P>) t.accept = &thunks::accept;
    if constexpr (names_fetch<P>) t.fetch = &thunks::fetch;
    if constexpr (names_list<P>) t.list = &thunks::list;
    if constexpr (names_hooks_list<P>) t.hooks_list = &thunks::hooks_list;
    if constexpr (names_hooks_create<P>) t.hooks_create = &thunks::hooks_create;
    if constexpr (names_hooks_repair<P>) t.hooks_repair = &thunks::hooks_repair;
    if constexpr (names_hooks_delete<P>) t.hooks_delete = &thunks::hooks_delete;
    return t;
  }();
  return &table;
}

}  // namespace tenon::sdk
