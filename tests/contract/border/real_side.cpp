#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>

#include "border_plugin.hpp"
#include "observe/log.hpp"
#include "plugin/library.hpp"
#include "plugin/table_instance.hpp"
#include "runtime/virtual.hpp"
#include "side.hpp"

namespace border {
namespace {

namespace p = tenon::plugin;
namespace rt = tenon::runtime;
using tenon::Error;

class open_gate final : public p::Gate {
 public:
  explicit open_gate(rt::Runtime& runtime) : runtime_(runtime) {}
  Handle send(const p::ConnectionSpec&, p::Rank, rt::HttpRequest request,
              tenon::Function<void(rt::HttpResult)> done) override {
    return runtime_.http().start(std::move(request), std::move(done));
  }
  void cancel(Handle handle) override { runtime_.http().cancel(handle); }

 private:
  rt::Runtime& runtime_;
};

class real_side final : public side {
 public:
  real_side(std::string_view connector, std::string_view settings) {
    tenon::log::Options log;
    log.sink = [this](std::string_view text) { log_ += std::string(text) + "\n"; };
    tenon::log::configure(std::move(log));
    manifest_ = p::parse_manifest(kManifest).value();
    tables_ = p::check_table(plugin(), manifest_).value();
    p::ConnectionSpec spec;
    spec.name = "c";
    spec.connector = connector;
    spec.settings = settings;
    spec.hosts = {"x.test"};
    const p::ConnectorManifest* declared = nullptr;
    for (const auto& one : manifest_.connectors)
      if (one.name == connector) declared = &one;
    auto made = p::TableInstance::make(
        std::make_shared<const p::GuestSetup>(spec, *declared, *tables_.at(std::string(connector)),
                                              p::InstanceHost{&runtime_, &runtime_.delivery(), &gate_}));
    if (made) {
      instance_ = std::move(*made);
    } else {
      failure_ = made.error().message;
    }
    runtime_.network().on_request([this](const rt::HttpRequest& request) { return react(request); });
  }
  ~real_side() override {
    instance_.reset();
    tenon::log::configure({});
  }

  std::string failure() const override {
    const auto colon = failure_.find(": ");
    return colon == std::string::npos ? failure_ : failure_.substr(colon + 2);
  }
  side& answer(std::string method, std::string url, reaction what) override {
    script_[method + " " + url].push_back(std::move(what));
    return *this;
  }
  std::string accept(std::string_view body, const header_list& headers, std::int64_t now_ms) override {
    const auto got = instance_->accept(body, headers, now_ms, {});
    if (!got) return "malformed: " + got.error().message;
    std::string out;
    for (const auto& e : *got) {
      line one(e.key + " " + e.type);
      one.add("id", e.id)
          .add("version", e.version.value_or(""))
          .add("data", e.data)
          .add("thin", e.thin ? "yes" : "");
      if (e.time_ms) one.add("time", std::to_string(*e.time_ms));
      for (const auto& [name, value] : e.keys) one.add(name, value);
      out += one.text() + "\n";
    }
    return out;
  }
  std::string fetch(std::string_view arguments) override {
    instance_->fetch("thing", std::string(arguments), options_, keep());
    return finish();
  }
  std::string list(std::string_view cursor) override {
    instance_->list("things", "{}", std::string(cursor), options_, keep());
    return finish();
  }
  std::string find(std::string_view record) override {
    instance_->find("upsert_thing", std::string(record), options_, keep());
    return finish();
  }
  std::string create(std::string_view record) override {
    instance_->create("upsert_thing", std::string(record), "create-1", options_, keep());
    return finish();
  }
  std::string update(std::string_view record, bool with_match) override {
    std::optional<p::Match> before;
    if (with_match) before = p::Match{"7", "version", "text"};
    instance_->update("upsert_thing", "7", std::string(record), before, options_, keep());
    return finish();
  }
  std::string deliver(std::string_view record) override {
    instance_->deliver("send_thing", std::string(record), "call-1", options_, keep());
    return finish();
  }
  std::string cancelled_find(std::string_view record) override {
    instance_->cancel(instance_->find("upsert_thing", std::string(record), options_, keep()));
    return finish();
  }
  std::string requests() const override {
    std::string out;
    for (const auto& logged : const_cast<rt::VirtualRuntime&>(runtime_).network().requests()) {
      const auto& r = logged.request;
      line one(r.method + " " + r.url);
      for (const auto& [name, value] : r.headers) one.add(name, value);
      out += one.add("body", r.body).text() + "\n";
    }
    return out;
  }
  bool logged(std::string_view words) const override { return log_.find(words) != std::string::npos; }

 private:
  rt::ScriptedAnswer react(const rt::HttpRequest& request) {
    auto& rest = script_[request.method + " " + request.url];
    if (rest.empty()) return {Error("connect_failed", "connection refused"), rt::RequestSent::no};
    const reaction what = rest.front();
    rest.pop_front();
    switch (what.what) {
      case reaction::kind::refused_connection:
        return {Error("connect_failed", "connection refused"), rt::RequestSent::no};
      case reaction::kind::reset:
        return {Error("connection_lost", "connection reset"), rt::RequestSent::maybe};
      case reaction::kind::timeout:
        return {Error("timeout", "no answer in time"), rt::RequestSent::maybe, std::chrono::seconds(30)};
      case reaction::kind::too_large:
        return {Error("response_too_large", "response too large"), rt::RequestSent::yes};
      default:
        return {what.status, what.body, what.headers, std::chrono::seconds(1)};
    }
  }
  p::CallDone keep() {
    ended_ = 0;
    return [this](p::CallResult result) {
      ++ended_;
      last_ = std::move(result);
    };
  }
  std::string finish() {
    runtime_.run_until([this] { return ended_ > 0; }, std::chrono::hours(1));
    runtime_.run_until_idle();
    EXPECT_EQ(ended_, 1) << "each call ends exactly once";
    EXPECT_EQ(instance_->open_calls(), 0u);
    using Verdict = p::CallResult::Verdict;
    static constexpr const char* kVerdicts[] = {"delivered", "retry", "rejected",
                                                "found",     "gone",  "cancelled"};
    std::string first = kVerdicts[static_cast<int>(last_.verdict)];
    if (last_.verdict == Verdict::retry || last_.verdict == Verdict::rejected)
      first += "/" + std::string(name_of(last_.cause));
    line out(first);
    if (last_.retry_after_ms) out.add("retry_after", std::to_string(*last_.retry_after_ms));
    out.add("message", last_.message)
        .add("id", last_.id)
        .add("version", last_.version)
        .add("data", last_.data);
    out.add("cursor", last_.cursor);
    for (const auto& m : last_.matches) out.add("match", m.id + "," + m.version + "," + m.text);
    for (const auto& i : last_.items) out.add("item", i.key + "," + i.type + "," + i.version + "," + i.data);
    return out.text();
  }

  rt::VirtualRuntime runtime_{rt::VirtualOptions{1, false, 1'700'000'000'000}};
  open_gate gate_{runtime_};
  p::Manifest manifest_;
  p::ConnectorTables tables_;
  std::unique_ptr<p::Instance> instance_;
  std::string failure_;
  std::map<std::string, std::deque<reaction>> script_;
  p::CallOptions options_;
  p::CallResult last_;
  int ended_ = 0;
  std::string log_;
};

}  // namespace

std::unique_ptr<side> make_real_side(std::string_view connector, std::string_view settings) {
  return std::make_unique<real_side>(connector, settings);
}

}  // namespace border
