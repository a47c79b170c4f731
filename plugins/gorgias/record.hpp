// Plain records at {base_url}/records. The record's text travels as the mapping made it, numbers as written.
#pragma once

#include <string>
#include <string_view>

#include "api.hpp"

namespace gorgias {

/// shape upsert: looked up by `id` first, so a repetition never makes a second one.
class upsert_record : public api {
 public:
  static constexpr std::string_view operation = "upsert_record";
  using api::api;

  tenon::task<tenon::found> find(tenon::context& ctx, tenon::record record) const {
    const auto id = tenon::json(record).at("id").get<std::string>();
    auto search = tenon::request::get(records()).query("id", id);
    const auto answer = co_await ctx.http(search);
    if (!answer.ok()) co_return refused(answer);
    auto rows = tenon::rows_in(answer, "data");
    // A remote that ignores the filter must not have another record overwritten.
    for (auto row = rows.begin(); row != rows.end();)
      row = tenon::text_at(*row, "id") == id ? row + 1 : rows.erase(row);
    co_return tenon::matches_in(rows);
  }

  tenon::task<tenon::outcome> create(tenon::context& ctx, tenon::record record, std::string create_id) const {
    auto create = tenon::request::post(records()).header("Idempotency-Key", create_id).json(record);
    const auto answer = co_await ctx.http(create);
    if (!answer.ok()) co_return refused(answer);
    co_return tenon::delivered_with_id(answer);
  }

  tenon::task<tenon::outcome> update(tenon::context& ctx, std::string id, tenon::record record) const {
    auto update = tenon::request::put(records()).path(id).json(record);
    const auto answer = co_await ctx.http(update);
    if (!answer.ok()) co_return refused(answer);
    co_return tenon::delivered(id);
  }
};

/// shape call: one POST, guarded by the call id as Idempotency-Key.
class post_record : public api {
 public:
  static constexpr std::string_view operation = "post_record";
  using api::api;

  tenon::task<tenon::outcome> deliver(tenon::context& ctx, tenon::record record, std::string call_id) const {
    auto post = tenon::request::post(records()).header("Idempotency-Key", call_id).json(record);
    const auto answer = co_await ctx.http(post);
    if (answer.ok()) co_return tenon::delivered();
    auto outcome = refused(answer);
    // Our own repetition is answered with the first answer; so a 409 means that somebody else made this
    // record.
    if (answer.status == 409) {
      outcome.verdict = tenon::verdict::rejected;
      outcome.message += ": made by another call; use upsert_record to overwrite it";
    }
    co_return outcome;
  }
};

}  // namespace gorgias
