// The plugin of the border's contract: `sdk`, written as authors write, and `bare`, over the C table itself.
#pragma once

#include <tenon/connector.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace border {

inline bool says(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

class source {
 public:
  explicit source(const tenon::settings& settings) {
    if (says(settings.text(), "refuse")) throw std::runtime_error("these settings are refused");
  }
  void accept(const tenon::event_view& view, tenon::emitter& out) const {
    if (view.has("/malformed")) throw tenon::malformed("not what this source sends");
    if (view.has("/throw")) throw std::logic_error("accept threw");
    for (std::size_t i = 0; i < view.size("/events"); ++i) {
      const auto at = "/events/" + std::to_string(i);
      tenon::event event("thing", view.id(at + "/id").value_or("none"));
      event.names("thing", view.string(at + "/a~1b~0c").value_or("none"))
          .names("header", view.header("X-Kind").value_or("none"))
          .names("size", std::to_string(view.size(at)))
          .names("on", view.boolean(at + "/on") ? "yes" : "no")
          .data(view.text(at))
          .version(view.number(at + "/version").value_or(""));
      event.time_ms(view.integer(at + "/time"));
      if (view.has(at + "/thin")) event.thin();
      out.emit(event);
    }
  }
  tenon::task<tenon::fetched> fetch(tenon::context& ctx, std::string, tenon::arguments arguments) const {
    const auto what = arguments.text();
    if (says(what, "gone")) co_return tenon::gone;
    if (says(what, "log")) ctx.log(tenon::log_level::warn, "fetching with a\nline break");
    if (says(what, "clock")) co_return tenon::fetched(std::to_string(ctx.now_ms()));
    auto get = tenon::request::get("https://x.test/things").query("q", "a b&c");
    const auto answer = co_await ctx.http(get);
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::fetched(answer.body, std::string(answer.header("ETag").value_or("")));
  }
  tenon::task<tenon::page> list(tenon::context&, std::string, tenon::query, std::string cursor) const {
    std::vector<tenon::item> items;
    items.emplace_back("1", "thing", R"({"a":69.80})", "v1");
    items.emplace_back("2", "thing", "{}");
    co_return tenon::page(items, cursor.empty() ? "next" : "");
  }
};

class upsert_thing {
 public:
  static constexpr std::string_view operation = "upsert_thing";
  explicit upsert_thing(const tenon::settings&) {}

  tenon::task<tenon::found> find(tenon::context& ctx, tenon::record record) const {
    const auto what = record.text();
    if (says(what, "throw")) throw std::runtime_error("find threw");
    if (says(what, "none")) co_return tenon::found();
    if (says(what, "many"))
      co_return std::vector<tenon::match>{tenon::match("1", R"({"n":1})", "v1"), tenon::match("2")};
    std::string url = "https://x.test/things";
    if (says(what, "foreign")) url = "https://y.test/things";
    if (says(what, "relative")) url = "/things";
    auto get = tenon::request::get(url).header("X-Plugin", "yes");
    const auto answer = co_await ctx.http(get);
    if (says(what, "after")) throw std::runtime_error("threw after the answer");
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::match(answer.body);
  }
  tenon::task<tenon::outcome> create(tenon::context& ctx, tenon::record record, std::string create_id) const {
    const auto what = record.text();
    auto post =
        tenon::request::post("https://x.test/things").json(record).header("Idempotency-Key", create_id);
    if (says(what, "search first")) {
      auto search = tenon::request::post("https://x.test/search").json(record).safe();
      const auto looked = co_await ctx.http(search);
      if (!looked.ok()) co_return tenon::classify(looked);
    }
    const auto answer = co_await ctx.http(post);
    if (says(what, "twice")) {
      auto again = tenon::request::post("https://x.test/things").json(record);
      const auto second = co_await ctx.http(again);
      co_return tenon::classify(second);
    }
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::delivered(answer.body, "v2");
  }
  tenon::task<tenon::outcome> update(tenon::context& ctx, std::string id, tenon::record record,
                                     std::optional<tenon::match> before) const {
    auto put = tenon::request::put("https://x.test/things").path(id).json(record);
    if (before) put.header("If-Match", before->version + before->text);
    const auto answer = co_await ctx.http(put);
    co_return tenon::classify(answer);
  }
};

class send_thing {
 public:
  static constexpr std::string_view operation = "send_thing";
  explicit send_thing(const tenon::settings&) {}
  tenon::task<tenon::outcome> deliver(tenon::context&, tenon::record record, std::string call_id) const {
    if (says(record.text(), "NUL")) co_return tenon::delivered(std::string("a\0b", 3));
    co_return tenon::delivered(call_id);
  }
};

using sdk_connector = tenon::connector<"sdk", source, upsert_thing, send_thing>;

/// What authors cannot do with the SDK.
struct bare {
  const tenon_host* host;
  std::string mode;
  tenon_call call = 0;

  void complete(tenon_call id, std::uint32_t verdict, std::uint32_t cause = TENON_CAUSE_NONE) const {
    tenon_result out{};
    out.size = sizeof out;
    out.verdict = verdict;
    out.cause = cause;
    out.retry_after_ms = -1;
    out.message = tenon::sdk::lend("bare");
    host->complete(host->self, id, &out);
  }
  void get(tenon_call id) {
    tenon_http_request out{};
    out.size = sizeof out;
    out.method = tenon::sdk::lend("GET");
    out.url = tenon::sdk::lend("https://x.test/things");
    host->http(host->self, id, &out, &answered, this);
  }
  static void answered(void* user, const tenon_http_response* response) {
    auto& self = *static_cast<bare*>(user);
    const bool asked_for_another = says(self.mode, "other call");
    const bool as_expected = response->error == (asked_for_another ? TENON_HTTP_CANCELLED : TENON_HTTP_OK);
    self.complete(self.call, as_expected ? TENON_FOUND : TENON_REJECTED,
                  as_expected ? 0 : TENON_CAUSE_REMOTE_ERROR);
    if (says(self.mode, "twice")) self.complete(self.call, TENON_REJECTED, TENON_CAUSE_INVALID);
  }
  static void find(void* instance, tenon_call call, tenon_str, tenon_str record) {
    auto& self = *static_cast<bare*>(instance);
    self.mode = tenon::sdk::copy(record);
    self.call = call;
    if (says(self.mode, "inline")) {
      self.complete(call, TENON_FOUND);
      self.complete(call, TENON_RETRY, TENON_CAUSE_THROTTLED);
      return;
    }
    if (says(self.mode, "unknown")) self.complete(call + 1'000'000, TENON_REJECTED, TENON_CAUSE_INVALID);
    self.get(says(self.mode, "other call") ? call + 1'000'000 : call);
  }

  static const tenon_connector* table() {
    static const tenon_sink sink = [] {
      tenon_sink s{};
      s.size = sizeof s;
      s.find = &find;
      s.create = [](void*, tenon_call, tenon_str, tenon_str, tenon_str) {};
      s.update = [](void*, tenon_call, tenon_str, tenon_str, tenon_str, const tenon_match*) {};
      return s;
    }();
    static const tenon_connector connector = [] {
      tenon_connector c{};
      c.size = sizeof c;
      c.name = tenon::sdk::lend("bare");
      c.create = [](const tenon_host* of, tenon_str, tenon_fail, void*) -> void* {
        return new bare{of, {}, 0};
      };
      c.destroy = [](void* self) { delete static_cast<bare*>(self); };
      c.sink = &sink;
      return c;
    }();
    return &connector;
  }
};

inline const tenon_plugin* plugin() {
  static const tenon_connector* const connectors[] = {sdk_connector::table(), bare::table()};
  static const tenon_plugin table{sizeof(tenon_plugin), TENON_ABI_MAJOR, TENON_ABI_MINOR, 0, connectors, 2};
  return &table;
}

inline constexpr const char* kManifest = R"({
  "name": "border", "version": "1", "abi": {"major": 1, "minor": 0},
  "connectors": [
    {"name": "sdk", "settings": {"type": "object"}, "account": "a", "hosts": ["x.test"],
     "events": {"thing": {}}, "fetches": {"thing": {"arguments": {}}}, "lists": {"things": {}},
     "operations": {
       "upsert_thing": {"shape": "upsert", "resource": "thing",
                        "input": {"type": "object", "properties": {"id": {"x-identity": true}}}},
       "send_thing": {"shape": "call", "input": {"type": "object"}}}},
    {"name": "bare", "settings": {"type": "object"}, "account": "a", "hosts": ["x.test"],
     "operations": {"upsert_thing": {"shape": "upsert", "resource": "thing",
                                     "input": {"type": "object", "properties": {"id": {"x-identity": true}}}}}}]
})";

}  // namespace border
