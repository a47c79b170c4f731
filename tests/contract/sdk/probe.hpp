// A connector that does whatever a test asks for, by the record's `do`.
#pragma once

#include <tenon/connector.hpp>
#include <tenon/testing.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace probe {

/// Counts what lives, so that a test sees frames that were not freed.
struct tracked {
  tracked() { ++alive; }
  tracked(const tracked&) { ++alive; }
  ~tracked() { --alive; }
  static inline int alive = 0;
};

inline tenon::task<tenon::response> twice(tenon::context& ctx, std::string first, std::string second) {
  const tracked here;
  (void)co_await ctx.http(tenon::request::get(first));
  co_return co_await ctx.http(tenon::request::get(second));
}

class source {
 public:
  explicit source(const tenon::settings& settings) {
    if (settings.text() == "refuse") throw std::runtime_error("these settings are refused");
    if (settings.text() == "throw 7") throw 7;
  }
  void accept(const tenon::event_view& view, tenon::emitter& out) const {
    if (view.has("/throw")) throw tenon::malformed(std::string(*view.string("/throw")));
    if (view.has("/throw_int")) throw 7;
    for (std::size_t i = 0; i < view.size("/events"); ++i) {
      const auto at = "/events/" + std::to_string(i);
      tenon::event event("changed", view.string(at + "/key").value_or(""));
      event.names("a", "1")
          .names("b", view.header("X-B").value_or("none"))
          .data(view.text(at))
          .version("v")
          .id("i");
      event.time_ms(view.integer(at + "/time"));
      out.emit(event);
    }
  }
  tenon::task<tenon::fetched> fetch(tenon::context& ctx, std::string name, tenon::arguments arguments) const {
    if (name == "gone") co_return tenon::gone;
    if (name == "outcome") co_return tenon::retry(tenon::cause::throttled, "later");
    if (name == "delivered") co_return tenon::delivered();
    if (name == "stale") co_return tenon::retry(tenon::cause::stale, "HTTP 404: not found");
    if (name == "clock") co_return tenon::fetched(std::to_string(ctx.now_ms()));
    ctx.log(tenon::log_level::info, "fetching " + name);
    co_return tenon::fetched(arguments.text(), "v1");
  }
};

class upsert_thing {
 public:
  static constexpr std::string_view operation = "upsert_thing";
  explicit upsert_thing(const tenon::settings&) {}

  tenon::task<tenon::found> find(tenon::context& ctx, tenon::record record) const {
    const tracked here;
    const auto what = record.text();
    if (what == "throw") throw std::runtime_error("find threw");
    if (what == "throw 7") throw 7;
    if (what == "unreadable") throw tenon::unreadable("cannot read it");
    if (what == "none") co_return tenon::found();
    if (what == "one") co_return tenon::match("1", "{}", "v");
    if (what == "twice") {
      const auto answer = co_await twice(ctx, "https://x.test/1", "https://x.test/2");
      if (!answer.ok()) co_return tenon::classify(answer);
      co_return std::vector<tenon::match>{tenon::match(answer.body), tenon::match("2")};
    }
    const auto answer = co_await ctx.http(tenon::request::get(what));
    if (what == "https://x.test/throw") throw std::runtime_error("threw after waiting");
    co_return tenon::classify(answer);
  }
  tenon::task<tenon::outcome> create(tenon::context& ctx, tenon::record record, std::string create_id) const {
    auto post = tenon::request::post("https://x.test/").json(record).header("X-Id", create_id);
    const auto answer = co_await ctx.http(post);
    if (create_id == "again") {
      auto second = tenon::request::post("https://x.test/").json(record);
      co_return tenon::classify(co_await ctx.http(second));
    }
    if (create_id == "search") {
      auto search = tenon::request::post("https://x.test/search").json(record).safe();
      co_return tenon::classify(co_await ctx.http(search));
    }
    co_return tenon::classify(answer);
  }
  tenon::task<tenon::outcome> update(tenon::context&, std::string id, tenon::record record,
                                     std::optional<tenon::match> before) const {
    if (id == "stale") co_return tenon::retry(tenon::cause::stale, "HTTP 404: not found");
    co_return tenon::delivered(id + record.text(),
                               before ? before->id + before->version + before->text : "no match");
  }
};

class send_thing {
 public:
  static constexpr std::string_view operation = "send_thing";
  explicit send_thing(const tenon::settings&) {}
  tenon::task<tenon::outcome> deliver(tenon::context& ctx, tenon::record record, std::string call_id) const {
    if (record.text() == "stale") co_return tenon::retry(tenon::cause::stale, "HTTP 404: not found");
    if (record.text() == "long") co_return tenon::rejected(std::string(100'000, 'x'));
    co_return tenon::delivered(call_id + std::to_string(ctx.random() != ctx.random()));
  }
};

/// Only a source, only accept.
class quiet {
 public:
  explicit quiet(const tenon::settings&) {}
  void accept(const tenon::event_view&, tenon::emitter&) const {}
};

using all = tenon::connector<"probe", source, upsert_thing, send_thing>;
using half = tenon::connector<"half", quiet>;
using sender = tenon::connector<"sender", send_thing>;

inline const tenon_plugin* plugin() { return tenon::sdk::plugin_table<all, half, sender>(); }

}  // namespace probe
