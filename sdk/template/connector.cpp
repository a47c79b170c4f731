// A sink for an imaginary CRM: contacts, looked up by external_id.
#include <tenon/connector.hpp>
#include <tenon/json.hpp>

class upsert_contact {
 public:
  static constexpr std::string_view operation = "upsert_contact";
  explicit upsert_contact(const tenon::settings& settings) : base_(tenon::json(settings).at("base_url")) {}

  tenon::task<tenon::found> find(tenon::context& ctx, tenon::record record) const {
    const auto wanted = tenon::json(record);
    auto search = tenon::request::get(base_ + "/contacts").query("external_id", wanted.at("external_id"));
    const auto answer = co_await ctx.http(search);
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::matches_in(tenon::rows_in(answer, "data"));
  }

  tenon::task<tenon::outcome> create(tenon::context& ctx, tenon::record record, std::string create_id) const {
    auto create = tenon::request::post(base_ + "/contacts").header("Idempotency-Key", create_id).json(record);
    const auto answer = co_await ctx.http(create);
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::delivered_with_id(answer);
  }

  tenon::task<tenon::outcome> update(tenon::context& ctx, std::string id, tenon::record record) const {
    auto update = tenon::request::put(base_ + "/contacts").path(id).json(record);
    const auto answer = co_await ctx.http(update);
    co_return tenon::classify(answer);
  }

 private:
  std::string base_;
};

using crm = tenon::connector<"crm", upsert_contact>;
TENON_PLUGIN(crm)
