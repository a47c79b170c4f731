// A sink whose operations differ in one thing only: what the remote does with a second create.
#include <tenon/connector.hpp>
#include <tenon/json.hpp>

/// Of a plugin that outstays its deadline: a note named `late` is done only when another one was answered.
class Lateness {
 public:
  /// To be awaited behind each answer.
  auto pass(const tenon::record& record) {
    struct Awaited {
      Lateness& of;
      bool late;
      bool await_ready() const { return !late; }
      void await_suspend(std::coroutine_handle<> one) const { of.waiting_ = one; }
      void await_resume() const {}
    };
    const bool late = tenon::json(record).at("name") == "late";
    if (const auto one = late ? nullptr : std::exchange(waiting_, nullptr)) one.resume();
    return Awaited{*this, late};
  }

 private:
  std::coroutine_handle<> waiting_;
};

template <tenon::sdk::literal Name>
class put_note {
 public:
  static constexpr std::string_view operation = Name.view();
  explicit put_note(const tenon::settings& settings)
      : url_(std::string(tenon::json(settings).at("base_url")) + "/" + std::string(operation)) {}

  tenon::task<tenon::found> find(tenon::context& ctx, tenon::record record) const {
    const auto wanted = tenon::json(record);
    auto search = tenon::request::get(url_).query("external_id", wanted.at("external_id"));
    const auto answer = co_await ctx.http(search);
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::matches_in(tenon::rows_in(answer, "data"));
  }

  tenon::task<tenon::outcome> create(tenon::context& ctx, tenon::record record, std::string create_id) const {
    auto create = tenon::request::post(url_).header("Idempotency-Key", create_id).json(record);
    const auto answer = co_await ctx.http(create);
    co_await lateness_.pass(record);
    if (!answer.ok()) co_return tenon::classify(answer);
    co_return tenon::delivered_with_id(answer);
  }

  tenon::task<tenon::outcome> update(tenon::context& ctx, std::string id, tenon::record record) const {
    auto update = tenon::request::put(url_).path(id).json(record);
    const auto answer = co_await ctx.http(update);
    co_return tenon::classify(answer);
  }

 private:
  std::string url_;
  mutable Lateness lateness_;
};

template <tenon::sdk::literal Name>
class post_note {
 public:
  static constexpr std::string_view operation = Name.view();
  explicit post_note(const tenon::settings& settings)
      : url_(std::string(tenon::json(settings).at("base_url")) + "/" + std::string(operation)) {}

  tenon::task<tenon::outcome> deliver(tenon::context& ctx, tenon::record record, std::string call_id) const {
    auto post = tenon::request::post(url_).header("Idempotency-Key", call_id).json(record);
    const auto answer = co_await ctx.http(post);
    co_await lateness_.pass(record);
    co_return tenon::classify(answer);
  }

 private:
  std::string url_;
  mutable Lateness lateness_;
};

using notes = tenon::connector<"notes", put_note<"put_plain">, put_note<"put_keyed">, put_note<"put_unique">,
                               post_note<"post_keyed">, post_note<"post_plain">>;
TENON_PLUGIN(notes)
