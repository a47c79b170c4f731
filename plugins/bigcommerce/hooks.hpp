// The store's webhooks: /v3/hooks, one hook per scope and destination.
#pragma once

#include <tenon/connector.hpp>
#include <tenon/json.hpp>

#include <string>
#include <utility>
#include <vector>

#include "store.hpp"

namespace bigcommerce {

/// Hooks are answered in an envelope by the API's specification and without one in its guides: both are read.
inline tenon::json unwrapped(const tenon::response& answer) {
  tenon::json whole(answer);
  if (whole.is_object() && whole.contains("data")) return std::move(whole["data"]);
  return whole;
}

inline tenon::json as_hook(const tenon::json& row) {
  return {{"id", tenon::text_at(row, "id")},
          {"url", tenon::text_at(row, "destination")},
          {"event", tenon::text_at(row, "scope")},
          {"active", tenon::text_at(row, "is_active") == "true"}};
}

/// What hooks_list found, or why not.
class hook_rows {
 public:
  hook_rows(tenon::json all) : rows(std::move(all)) {}
  hook_rows(tenon::outcome why) : failure(std::move(why)) {}
  tenon::json rows = tenon::json::array();
  std::optional<tenon::outcome> failure;
};

/// All hooks of this API account with the wanted url, id and events (each only if given). Hooks of other
/// accounts are invisible to it.
inline tenon::task<hook_rows> matching_hooks(tenon::context& ctx, const store& at, tenon::json wanted) {
  if (!at.known()) co_return at.unknown();
  const auto url = tenon::text_at(wanted, "url");
  const auto id = tenon::text_at(wanted, "id");
  const auto events = wanted.value("events", tenon::json::array());
  auto out = tenon::json::array();
  for (int page = 1; page <= 100; ++page) {
    auto search = tenon::request::get(at.v3("/hooks")).query("limit", 250).query("page", page);
    const auto answer = co_await ctx.http(search);
    if (!answer.ok()) co_return refused(answer);
    const auto rows = unwrapped(answer);
    if (!rows.is_array()) throw tenon::unreadable("a list of hooks was expected in the answer");
    for (const auto& row : rows) {
      const auto hook = as_hook(row);
      if (!url.empty() && hook["url"] != url) continue;
      if (!id.empty() && hook["id"] != id) continue;
      if (!events.empty() && std::find(events.begin(), events.end(), hook["event"]) == events.end()) continue;
      out.push_back(hook);
    }
    if (rows.size() < 250) break;
  }
  co_return hook_rows(std::move(out));
}

inline tenon::task<tenon::fetched> list_hooks(tenon::context& ctx, const store& at, tenon::json wanted) {
  const auto found = co_await matching_hooks(ctx, at, std::move(wanted));
  if (found.failure) co_return *found.failure;
  co_return tenon::fetched(found.rows.dump());
}

/// One hook per call, since each is an effect of its own. One that exists already is answered as it is.
inline tenon::task<tenon::fetched> create_hook(tenon::context& ctx, const store& at, tenon::json wanted) {
  const auto url = tenon::text_at(wanted, "url");
  const auto events = wanted.value("events", tenon::json::array());
  if (!events.is_array() || events.size() != 1 || !events[0].is_string())
    co_return tenon::rejected("BigCommerce has one hook per event: create them one by one");
  // Others are accepted when the hook is made, and then never called.
  if (!url.starts_with("https://"))
    co_return tenon::rejected("BigCommerce calls https URLs on port 443 only");
  const auto existing = co_await matching_hooks(ctx, at, wanted);
  if (existing.failure) co_return *existing.failure;
  if (!existing.rows.empty()) co_return tenon::fetched(existing.rows.dump());

  tenon::json body = {{"scope", events[0]}, {"destination", url}, {"is_active", true}};
  if (wanted.contains("headers")) body["headers"] = wanted["headers"];
  auto create = tenon::request::post(at.v3("/hooks")).json(body);
  const auto answer = co_await ctx.http(create);
  if (!answer.ok()) co_return refused(answer);
  auto rows = tenon::json::array();
  rows.push_back(as_hook(unwrapped(answer)));
  co_return tenon::fetched(rows.dump());
}

/// Switches on again what the store has switched off after 48 hours without an answer, and sets the headers
/// anew.
inline tenon::task<tenon::fetched> repair_hooks(tenon::context& ctx, const store& at, tenon::json wanted) {
  const auto broken = co_await matching_hooks(ctx, at, wanted);
  if (broken.failure) co_return *broken.failure;
  auto rows = tenon::json::array();
  for (const auto& hook : broken.rows) {
    tenon::json body = {{"is_active", true}};
    if (wanted.contains("headers")) body["headers"] = wanted["headers"];
    auto repair = tenon::request::put(at.v3("/hooks")).path(hook.at("id")).json(body);
    const auto answer = co_await ctx.http(repair);
    if (!answer.ok()) co_return refused(answer);
    rows.push_back(as_hook(unwrapped(answer)));
  }
  co_return tenon::fetched(rows.dump());
}

inline tenon::task<tenon::fetched> delete_hooks(tenon::context& ctx, const store& at, tenon::json wanted) {
  if (tenon::text_at(wanted, "url").empty() && tenon::text_at(wanted, "id").empty())
    co_return tenon::rejected("say which hooks to delete: url or id");
  const auto doomed = co_await matching_hooks(ctx, at, wanted);
  if (doomed.failure) co_return *doomed.failure;
  for (const auto& hook : doomed.rows) {
    auto remove = tenon::request::del(at.v3("/hooks")).path(hook.at("id"));
    const auto answer = co_await ctx.http(remove);
    if (!answer.ok() && answer.status != 404) co_return refused(answer);
  }
  co_return tenon::fetched(doomed.rows.dump());
}

}  // namespace bigcommerce
