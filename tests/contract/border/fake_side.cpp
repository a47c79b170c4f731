#include <tenon/testing.hpp>

#include "border_plugin.hpp"
#include "side.hpp"

namespace border {
namespace {

namespace t = tenon::testing;

class fake_side final : public side {
 public:
  fake_side(std::string_view connector, std::string_view settings) : host_(plugin(), connector, settings) {
    host_.allow("x.test");
  }
  std::string failure() const override { return host_.made() ? "" : host_.failure(); }

  side& answer(std::string method, std::string url, reaction what) override {
    host_.answer(method, url, reply_of(what));
    return *this;
  }

  std::string accept(std::string_view body, const header_list& headers, std::int64_t now_ms) override {
    host_.set_now(now_ms);
    const auto got = host_.accept(body, headers);
    if (!got.ok) return "malformed: " + got.failure;
    std::string out;
    for (const auto& e : got.events) {
      line one(e.key + " " + e.type);
      one.add("id", e.id).add("version", e.version).add("data", e.data).add("thin", e.thin ? "yes" : "");
      if (e.time_ms) one.add("time", std::to_string(*e.time_ms));
      for (const auto& [name, value] : e.keys) one.add(name, value);
      out += one.text() + "\n";
    }
    return out;
  }

  std::string fetch(std::string_view arguments) override { return text(host_.fetch("thing", arguments)); }
  std::string list(std::string_view cursor) override { return text(host_.list("things", "{}", cursor)); }
  std::string find(std::string_view record) override { return text(host_.find("upsert_thing", record)); }
  std::string create(std::string_view record) override {
    return text(host_.create("upsert_thing", record, "create-1"));
  }
  std::string update(std::string_view record, bool with_match) override {
    std::optional<tenon::match> before;
    if (with_match) before.emplace("7", "text", "version");
    return text(host_.update("upsert_thing", "7", record, before));
  }
  std::string deliver(std::string_view record) override {
    return text(host_.deliver("send_thing", record, "call-1"));
  }
  std::string cancelled_find(std::string_view record) override {
    const auto call = host_.begin_find("upsert_thing", record);
    host_.cancel(call);
    return text(host_.finish(call));
  }
  std::string requests() const override {
    std::string out;
    for (const auto& r : host_.requests()) {
      line one(r.method + " " + r.url);
      for (const auto& [name, value] : r.headers) one.add(name, value);
      out += one.add("body", r.body).text() + "\n";
    }
    return out;
  }
  bool logged(std::string_view words) const override {
    for (const auto& one : host_.logs())
      if (one.find(words) != std::string::npos) return true;
    return false;
  }

 private:
  static t::reply reply_of(const reaction& what) {
    switch (what.what) {
      case reaction::kind::refused_connection:
        return t::reply::refused_connection();
      case reaction::kind::reset:
        return t::reply::reset();
      case reaction::kind::timeout:
        return t::reply::timeout();
      case reaction::kind::too_large:
        return t::reply::too_large();
      default:
        return t::reply(what.status, what.body, what.headers);
    }
  }
  static std::string text(const t::result& r) {
    line out(r.summary());
    if (r.retry_after_ms) out.add("retry_after", std::to_string(*r.retry_after_ms));
    out.add("message", r.message).add("id", r.id).add("version", r.version).add("data", r.data);
    out.add("cursor", r.cursor);
    for (const auto& m : r.matches) out.add("match", m.id + "," + m.version + "," + m.text);
    for (const auto& i : r.items) out.add("item", i.key + "," + i.type + "," + i.version + "," + i.data);
    return out.text();
  }

  t::fake_host host_;
};

}  // namespace

std::unique_ptr<side> make_fake_side(std::string_view connector, std::string_view settings) {
  return std::make_unique<fake_side>(connector, settings);
}

}  // namespace border
