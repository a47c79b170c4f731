// A sink: one class per operation. Its name is a constant, its shape follows from its functions.
//
//   struct upsert_contact {                                     // shape "upsert"
//     static constexpr std::string_view operation = "upsert_contact";
//     explicit upsert_contact(const tenon::settings& settings);
//     tenon::task<tenon::found> find(tenon::context&, tenon::record) const;
//     tenon::task<tenon::outcome> create(tenon::context&, tenon::record, std::string create_id) const;
//     tenon::task<tenon::outcome> update(tenon::context&, std::string id, tenon::record) const;
//     // or: update(tenon::context&, std::string id, tenon::record, std::optional<tenon::match>)
//   };
//   struct post_note {                                          // shape "call"
//     static constexpr std::string_view operation = "post_note";
//     explicit post_note(const tenon::settings& settings);
//     tenon::task<tenon::outcome> deliver(tenon::context&, tenon::record, std::string call_id) const;
//   };
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "tenon/call.hpp"

namespace tenon::sdk {

template <class P>
concept is_operation = requires {
  { P::operation } -> std::convertible_to<std::string_view>;
};
template <class P>
concept names_find = requires {
  &P::find;
};
template <class P>
concept names_create = requires {
  &P::create;
};
template <class P>
concept names_update = requires {
  &P::update;
};
template <class P>
concept names_deliver = requires {
  &P::deliver;
};

template <class P>
constexpr bool check_operation() {
  constexpr bool upsert = names_find<P> || names_create<P> || names_update<P>;
  static_assert(!upsert || (names_find<P> && names_create<P> && names_update<P>),
                "an operation of shape upsert has find, create and update");
  static_assert(upsert != names_deliver<P>, "an operation has either find, create and update, or deliver");
  return true;
}

inline std::optional<match> copy_match(const tenon_match* from) {
  if (!from) return std::nullopt;
  return match(copy(from->id), copy(from->text), copy(from->version));
}

struct find_step {
  std::string record;
  template <class P>
  static constexpr bool can = names_find<P>;
  template <class P>
  void run(P& part, const tenon_host* host, tenon_call call) {
    drive<found>(host, call, no_filter(), [&part, r = document(std::move(record))](context& ctx) mutable {
      return part.find(ctx, std::move(r));
    });
  }
};

struct create_step {
  std::string record, create_id;
  template <class P>
  static constexpr bool can = names_create<P>;
  template <class P>
  void run(P& part, const tenon_host* host, tenon_call call) {
    drive<outcome>(host, call, effect_filter(),
                   [&part, r = document(std::move(record)), i = std::move(create_id)](context& ctx) mutable {
                     return part.create(ctx, std::move(r), std::move(i));
                   });
  }
};

struct update_step {
  std::string id, record;
  std::optional<match> before;
  template <class P>
  static constexpr bool can = names_update<P>;
  template <class P>
  void run(P& part, const tenon_host* host, tenon_call call) {
    drive<outcome>(host, call, no_filter(),
                   [&part, i = std::move(id), r = document(std::move(record)),
                    m = std::move(before)](context& ctx) mutable {
                     if constexpr (requires { part.update(ctx, std::move(i), std::move(r), std::move(m)); }) {
                       return part.update(ctx, std::move(i), std::move(r), std::move(m));
                     } else {
                       return part.update(ctx, std::move(i), std::move(r));
                     }
                   });
  }
};

struct deliver_step {
  std::string record, call_id;
  template <class P>
  static constexpr bool can = names_deliver<P>;
  template <class P>
  void run(P& part, const tenon_host* host, tenon_call call) {
    drive<outcome>(host, call, effect_filter(),
                   [&part, r = document(std::move(record)), i = std::move(call_id)](context& ctx) mutable {
                     return part.deliver(ctx, std::move(r), std::move(i));
                   });
  }
};

/// The functions of tenon_sink over those parts of `Box` that are operations.
template <class Box>
struct sink_thunks {
  template <class P, class Step>
  static bool try_part(Box& box, tenon_call call, std::string_view operation, Step& step) {
    if constexpr (is_operation<P>) {
      if constexpr (Step::template can<P>) {
        if (std::string_view(P::operation) == operation) {
          step.run(std::get<P>(box.parts), box.host, call);
          return true;
        }
      }
    }
    return false;
  }
  template <class Step, class... Parts>
  static void dispatch(Box& box, std::tuple<Parts...>*, tenon_call call, tenon_str operation, Step step) {
    const auto name = view(operation);
    const bool known = (try_part<Parts>(box, call, name, step) || ...);
    if (!known) throw std::invalid_argument("no such operation, or not of this shape: " + std::string(name));
  }
  template <class MakeStep>
  static void enter(void* self, tenon_call call, tenon_str operation, MakeStep make) noexcept {
    auto& box = *static_cast<Box*>(self);
    guarded(box.host, call, [&] { dispatch(box, &box.parts, call, operation, make()); });
  }

  static void find(void* self, tenon_call call, tenon_str operation, tenon_str record) noexcept {
    enter(self, call, operation, [&] { return find_step{copy(record)}; });
  }
  static void create(void* self, tenon_call call, tenon_str operation, tenon_str record,
                     tenon_str create_id) noexcept {
    enter(self, call, operation, [&] { return create_step{copy(record), copy(create_id)}; });
  }
  static void update(void* self, tenon_call call, tenon_str operation, tenon_str id, tenon_str record,
                     const tenon_match* match) noexcept {
    enter(self, call, operation, [&] { return update_step{copy(id), copy(record), copy_match(match)}; });
  }
  static void deliver(void* self, tenon_call call, tenon_str operation, tenon_str record,
                      tenon_str call_id) noexcept {
    enter(self, call, operation, [&] { return deliver_step{copy(record), copy(call_id)}; });
  }
};

template <class Box, class... Parts>
const tenon_sink* sink_table() noexcept {
  using thunks = sink_thunks<Box>;
  static const tenon_sink table = [] {
    tenon_sink t{};
    t.size = sizeof t;
    if constexpr ((names_find<Parts> || ...)) {
      t.find = &thunks::find;
      t.create = &thunks::create;
      t.update = &thunks::update;
    }
    if constexpr ((names_deliver<Parts> || ...)) t.deliver = &thunks::deliver;
    return t;
  }();
  return &table;
}

}  // namespace tenon::sdk
