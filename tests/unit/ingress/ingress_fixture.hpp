// An Ingress on virtual time, with the journal in memory and a source that needs no plugin.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <optional>

#include "base/json.hpp"
#include "ingress/ingress.hpp"
#include "runtime/virtual.hpp"
#include "tests/unit/ingress/signing.hpp"

namespace tenon::tests {

/// Takes {"type","key","full"?} or a list of such; anything else is malformed. Remembers the headers it was
/// shown.
class FakeSource final : public plugin::Instance {
 public:
  explicit FakeSource(plugin::ConnectionSpec spec) : spec_(std::move(spec)) {}
  const plugin::ConnectionSpec& connection() const override { return spec_; }
  const plugin::ConnectorManifest& manifest() const override { return manifest_; }
  Result<std::vector<Event>> accept(std::string_view, const runtime::Headers& headers, std::int64_t,
                                    Value json) override {
    seen = headers;
    ++accepted;
    std::vector<Event> events;
    const auto take = [&events](Value item) {
      if (!item.get("type").is_string()) return false;
      Event event;
      event.type = item.get("type").as_string();
      event.key = item.get("key").as_string();
      event.data = to_json(item);
      event.thin = item.get("full").is_missing();
      if (item.get("id").is_string()) event.id = item.get("id").as_string();
      events.push_back(std::move(event));
      return true;
    };
    if (json.is_array()) {
      for (const Value item : json.items()) {
        if (!take(item)) return Error("malformed_event", "no type");
      }
    } else if (!take(json)) {
      return Error("malformed_event", "no type");
    }
    return events;
  }
  plugin::CallId fetch(std::string, std::string, plugin::CallOptions, plugin::CallDone) override { return 0; }
  plugin::CallId list(std::string, std::string, std::string, plugin::CallOptions, plugin::CallDone) override {
    return 0;
  }
  plugin::CallId find(std::string, std::string, plugin::CallOptions, plugin::CallDone) override { return 0; }
  plugin::CallId create(std::string, std::string, std::string, plugin::CallOptions,
                        plugin::CallDone) override {
    return 0;
  }
  plugin::CallId update(std::string, std::string, std::string, std::optional<plugin::Match>,
                        plugin::CallOptions, plugin::CallDone) override {
    return 0;
  }
  plugin::CallId deliver(std::string, std::string, std::string, plugin::CallOptions,
                         plugin::CallDone) override {
    return 0;
  }
  void cancel(plugin::CallId) override {}
  std::size_t open_calls() const override { return 0; }

  runtime::Headers seen;
  int accepted = 0;

 private:
  plugin::ConnectionSpec spec_;
  plugin::ConnectorManifest manifest_;
};

class IngressFixture : public testing::Test {
 protected:
  IngressFixture() { manifest_.verify = shop_schemes(); }
  ~IngressFixture() override {
    if (journal_) journal_->close();
  }

  void open(ingress::IngressOptions options = {}) {
    if (!journal_) journal_ = journal::open_memory(runtime_, {});
    ingress_ = std::make_unique<ingress::Ingress>(runtime_, *journal_, options);
    runtime_.jump_wall(std::chrono::milliseconds(kNow * 1000 - runtime_.clock().wall_ms()));
  }

  /// `store` wants updates in one pipeline and creations in two.
  void route_store() {
    std::vector<ingress::Route> routes;
    routes.push_back(route(signed_connection("store")));
    const Status routed = ingress_->set_routes(std::move(routes));
    ASSERT_TRUE(routed) << routed.error().text();
  }

  ingress::Route route(plugin::ConnectionSpec connection) {
    ingress::Route route;
    auto source = std::make_unique<FakeSource>(connection);
    source_ = source.get();
    route.connection = std::move(connection);
    route.manifest = &manifest_;
    route.instance = std::move(source);
    route.wanted = {{"updated", {"one"}}, {"created", {"one", "two"}}};
    return route;
  }

  static plugin::ConnectionSpec signed_connection(const std::string& name) {
    plugin::ConnectionSpec connection;
    connection.name = name;
    connection.secrets.emplace("client_secret", Secret(kRawKey));
    connection.verify = {{"signature", plugin::VerifyMode::required}, {"header", plugin::VerifyMode::off}};
    return connection;
  }
  static plugin::ConnectionSpec secret_connection(const std::string& name) {
    plugin::ConnectionSpec connection;
    connection.name = name;
    connection.secrets.emplace("webhook_secret", Secret(kHeaderSecret));
    connection.verify = {{"signature", plugin::VerifyMode::off}, {"header", plugin::VerifyMode::required}};
    return connection;
  }
  static plugin::ConnectionSpec open_connection(const std::string& name) {
    plugin::ConnectionSpec connection;
    connection.name = name;
    connection.unauthenticated = true;
    connection.verify = {{"signature", plugin::VerifyMode::off}, {"header", plugin::VerifyMode::off}};
    return connection;
  }

  ingress::Request request(const std::string& body, const std::string& target = "/in/store") const {
    ingress::Request made;
    made.method = "POST";
    made.target = target;
    made.headers = {{"Host", "a"}, {"Content-Type", "application/json"}};
    made.body = body;
    made.remote = "192.0.2.1";
    return made;
  }
  ingress::Request signed_request(const std::string& body, const std::string& id = "msg_1") const {
    ingress::Request made = request(body);
    const std::string stamp = std::to_string(runtime_clock() / 1000);
    for (auto& header : standard_headers(kRawKey, id, stamp, body)) made.headers.push_back(std::move(header));
    return made;
  }
  ingress::Request secret_request(const std::string& body) const {
    ingress::Request made = request(body);
    made.headers.emplace_back("x-hook-secret", std::string(kHeaderSecret));
    return made;
  }
  std::int64_t runtime_clock() const {
    return const_cast<runtime::VirtualRuntime&>(runtime_).clock().wall_ms();
  }

  ingress::Answer ask(ingress::Request request) {
    std::optional<ingress::Answer> answer;
    ingress_->handle(std::move(request), [&answer](ingress::Answer given) { answer = std::move(given); });
    runtime_.run_until_idle();
    EXPECT_TRUE(answer) << "no answer";
    return answer.value_or(ingress::Answer{});
  }

  /// All that was journalled, oldest first, with data.
  std::vector<journal::EventDetail> journalled() {
    std::vector<journal::EventDetail> all;
    journal::Query query;
    query.limit = 1000;
    std::vector<journal::EventRow> rows;
    journal_->list(query, {&runtime_.ingress(), [&](auto listed) { rows = listed->rows; }});
    runtime_.run_until_idle();
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      journal_->show(std::to_string(row->seq),
                     {&runtime_.ingress(), [&](auto shown) { all.push_back(**shown); }});
      runtime_.run_until_idle();
    }
    return all;
  }

  runtime::VirtualRuntime runtime_;
  std::unique_ptr<journal::Journal> journal_;
  plugin::ConnectorManifest manifest_;
  std::unique_ptr<ingress::Ingress> ingress_;
  FakeSource* source_ = nullptr;  ///< of the last route made
};

}  // namespace tenon::tests
