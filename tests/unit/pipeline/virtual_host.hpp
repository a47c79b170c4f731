// A whole host on virtual time: real plugins, real mapping, the memory journal, a network that is a script.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/loader.hpp"
#include "journal/journal.hpp"
#include "pipeline/host.hpp"
#include "runtime/virtual.hpp"

namespace tenon::pipeline {

constexpr const char* kClientSecret = "virtual-client-secret-0123456789";
constexpr const char* kHeaderSecret = "virtual-header-secret-0123456789";

/// The remotes' side: a shop with customers and a desk that keeps emails unique.
class Remotes {
 public:
  struct Customer {
    std::string email, first, last, modified;
  };
  std::map<std::string, Customer> shop;     ///< by id
  std::map<std::string, std::string> desk;  ///< id -> JSON
  std::vector<std::string> log;             ///< "POST /api/customers", in order
  /// May answer in the desk's place; status 0: let the desk answer. Called after the desk did its work if
  /// `after`.
  std::function<runtime::ScriptedAnswer(const std::string& line)> desk_fault;
  bool fault_after_effect = false;
  runtime::Duration shop_delay{}, desk_delay{};

  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request) {
    const auto path_at = request.url.find('/', request.url.find("://") + 3);
    const std::string target = request.url.substr(path_at);
    const std::string line = request.method + " " + target.substr(0, target.find('?'));
    log.push_back(line);
    if (request.url.find("api.bigcommerce.com") != std::string::npos) return shop_answer(target);
    if (desk_fault && !fault_after_effect) {
      if (auto fault = desk_fault(line); fault.result.response || !fault.result.error.code.empty())
        return fault;
    }
    auto real = desk_answer(request, target);
    if (desk_fault && fault_after_effect) {
      if (auto fault = desk_fault(line); fault.result.response || !fault.result.error.code.empty())
        return fault;
    }
    return real;
  }

  int count(const std::string& line) const {
    return static_cast<int>(std::count(log.begin(), log.end(), line));
  }

 private:
  static std::string parameter(const std::string& target, const std::string& name) {
    const auto at = target.find(name + "=");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 1;
    std::string value = target.substr(from, target.find('&', from) - from);
    for (auto hex = value.find('%'); hex != std::string::npos; hex = value.find('%', hex + 1)) {
      value.replace(hex, 3, 1, static_cast<char>(std::stoi(value.substr(hex + 1, 2), nullptr, 16)));
    }
    return value;
  }

  runtime::ScriptedAnswer shop_answer(const std::string& target) {
    std::string id = parameter(target, "id%3Ain");
    if (id.empty()) id = parameter(target, "id:in");
    const auto found = shop.find(id);
    std::string data;
    if (found != shop.end()) {
      const Customer& c = found->second;
      data = R"({"id":)" + id + R"(,"email":)" + json_string(c.email) + R"(,"first_name":)" +
             json_string(c.first) + R"(,"last_name":)" + json_string(c.last) + R"(,"date_modified":)" +
             json_string(c.modified) + "}";
    }
    return {
        200, R"({"data":[)" + data + R"(],"meta":{}})", {{"Content-Type", "application/json"}}, shop_delay};
  }

  runtime::ScriptedAnswer desk_answer(const runtime::HttpRequest& request, const std::string& target) {
    const runtime::Headers headers = {{"Content-Type", "application/json"}};
    const std::string prefix = "/api/customers";
    if (request.method == "GET" && target.starts_with(prefix + "?")) {
      std::string rows;
      for (const auto& [id, text] : desk) {
        const auto row = parse_json(text);
        for (const char* field : {"external_id", "email"}) {
          const std::string wanted = parameter(target, field);
          if (!wanted.empty() && row->root.get(field).as_string() == wanted)
            rows += (rows.empty() ? "" : ",") + text;
        }
      }
      return {200, R"({"data":[)" + rows + R"(],"meta":{"next_cursor":null}})", headers, desk_delay};
    }
    if (request.method == "POST" && target == prefix) {
      const auto body = parse_json(request.body);
      for (const auto& [id, text] : desk) {
        if (equal(parse_json(text)->root.get("email"), body->root.get("email"))) {
          return {409, R"({"error":{"msg":"The resource already exists."}})", headers, desk_delay};
        }
      }
      const std::string id = std::to_string(desk.size() + 1);
      desk[id] = R"({"id":)" + id + "," + request.body.substr(1);
      return {201, desk[id], headers, desk_delay};
    }
    const std::string id = target.substr(target.rfind('/') + 1);
    if (!desk.contains(id)) return {404, R"({"error":{"msg":"Resource not found."}})", headers, desk_delay};
    if (request.method == "PUT") puts.emplace_back(id, request.body);
    return {200, desk[id], headers, desk_delay};
  }

 public:
  std::vector<std::pair<std::string, std::string>> puts;
};

class VirtualHost : public ::testing::Test {
 protected:
  explicit VirtualHost(runtime::VirtualOptions options = {}) : runtime_(options) {}

  static constexpr const char* kPipeline = R"(
tenon: 1
name: customers
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  desk: { connector: gorgias, domain: acme, email: a@example.com, api_key: "${KEY}" }
trigger:
  connection: store
  events: [store/customer/created, store/customer/updated]
  fetch: { customer: { id: "${{ event.keys.customer }}" } }
mapping:
  external_id: bigcommerce_${{ customer.id }}
  email: ${{ $lowercase(customer.email) }}
  name: ${{ $trim(customer.first_name & ' ' & customer.last_name) }}
action: { connection: desk, operation: upsert_customer }
)";

  /// For the end of a pipeline whose waiting events are to run one by one: it reads what is of one event
  /// only.
  static std::string never_folds(const std::string& more = "") {
    return "delivery: { priority: \"${{ event.id = 'x' ? 'high' : 'normal' }}\"" +
           (more.empty() ? "" : ", " + more) + " }\n";
  }

  virtual std::string plugins() const { return std::string(TENON_BINARY_DIR) + "/lib/tenon"; }

  void SetUp() override {
    auto registry = plugin::open_registry(plugins());
    ASSERT_TRUE(registry) << registry.error().text();
    registry_ = std::move(*registry);
    runtime_.network().on_request(
        [this](const runtime::HttpRequest& request) { return remotes_.answer(request); });
    journal_ = journal::open_memory(runtime_, {});
  }
  void TearDown() override {
    stop();
    host_.reset();
    if (journal_) journal_->close();
  }

  void start(const std::string& pipeline = kPipeline) { start_all({pipeline}); }
  /// Connections of one name must be the same in all.
  config::Config load_all(const std::vector<std::string>& pipelines) {
    const config::Environment env = {
        {"TOKEN", "token-1234"}, {"SECRET", kClientSecret}, {"HEADER", kHeaderSecret}, {"KEY", "key-1234"}};
    config::Config all;
    for (const std::string& pipeline : pipelines) {
      auto loaded = config::load_text("test.yaml", pipeline, env, *registry_);
      EXPECT_TRUE(loaded.ok()) << config::render_text(loaded.diagnostics, false);
      if (!loaded.ok()) continue;
      all.connections.merge(loaded.config.connections);
      all.pipelines.push_back(loaded.config.pipelines.front());
    }
    return all;
  }
  void start_all(const std::vector<std::string>& pipelines) {
    host_ = std::make_unique<Host>(runtime_, load_all(pipelines), *registry_, *journal_, options_);
    Status status = Error("test", "start never answered");
    host_->start([&](Status s) { status = std::move(s); });
    runtime_.run_until_idle();
    ASSERT_TRUE(status) << status.error().text();
  }

  void stop() {
    if (!host_) return;
    bool stopped = false;
    host_->stop(std::chrono::seconds(8), [&] { stopped = true; });
    EXPECT_TRUE(runtime_.run_until([&] { return stopped; }, std::chrono::milliseconds(8100)));
    runtime_.run_until_idle();
  }

  /// The journal in that folder, as a start of the host finds it.
  void reopen(const std::string& folder) {
    host_.reset();
    journal_->close();
    journal_.reset();
    auto opened = journal::open_sqlite(runtime_, folder, {});
    ASSERT_TRUE(opened) << opened.error().text();
    journal_ = std::move(*opened);
  }

  /// One signed webhook; the status of its answer once the journal has committed.
  int send(const std::string& id, const std::string& customer,
           const std::string& scope = "store/customer/updated", const std::string& connection = "store") {
    int status = 0;
    post(id, customer, scope, connection, [&](const ingress::Answer& answer) {
      status = answer.status;
      last_answer_ = answer.body;
    });
    while (status == 0 && runtime_.step()) {
    }
    return status;
  }
  /// The same, on its way when this returns.
  void post(const std::string& id, const std::string& customer, const std::string& scope,
            const std::string& connection, Function<void(const ingress::Answer&)> answered) {
    const std::string body = R"({"scope":")" + scope + R"(","store_id":"1","data":{"type":"customer","id":)" +
                             customer + R"(},"hash":"h","created_at":1561481571,"producer":"stores/abc123"})";
    const std::string now = std::to_string(runtime_.clock().wall_ms() / 1000);
    const std::string mac = to_base64(bytes_of(hmac_sha256(kClientSecret, {id, ".", now, ".", body})));
    ingress::Request request;
    request.method = "POST";
    request.target = "/in/" + connection;
    request.headers = {{"Content-Type", "application/json"},
                       {"webhook-id", id},
                       {"webhook-timestamp", now},
                       {"webhook-signature", "v1," + mac},
                       {"x-tenon-webhook-secret", kHeaderSecret}};
    request.body = body;
    runtime_.ingress().post([this, request, answered = std::move(answered)]() mutable {
      host_->ingress().handle(
          request, [answered = std::move(answered)](ingress::Answer answer) mutable { answered(answer); });
    });
  }

  journal::EventDetail show(const std::string& id) {
    std::optional<journal::EventDetail> found;
    journal_->show(id, {&runtime_.delivery(), [&](Result<std::optional<journal::EventDetail>> detail) {
                          found = std::move(*detail);
                        }});
    runtime_.run_until_idle();
    EXPECT_TRUE(found) << id;
    return found ? *found : journal::EventDetail();
  }
  std::string state(const std::string& id) { return show(id).row.state; }

  runtime::VirtualRuntime runtime_;
  Remotes remotes_;
  std::unique_ptr<plugin::Registry> registry_;
  std::unique_ptr<journal::Journal> journal_;
  HostOptions options_;
  std::unique_ptr<Host> host_;
  std::string last_answer_;
};

}  // namespace tenon::pipeline
