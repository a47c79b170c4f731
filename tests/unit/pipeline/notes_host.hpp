// A host before a remote of notes, of which each operation is a sink of another kind.
#pragma once

#include "observe/metrics.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {

/// A remote of notes: what it recognises depends on the operation, its search may lag, its creates may be
/// lost or land late.
class Notes {
 public:
  struct Note {
    std::string external_id;
    runtime::Duration seen_from{};
  };
  std::vector<Note> notes;
  std::map<std::string, std::size_t> keys;
  runtime::Duration lag{};
  /// How a create goes: the answer is lost, and what it did takes effect after `lands` (never: not at all).
  struct Fault {
    bool lost = false;
    bool never = false;
    runtime::Duration lands{};
  };
  std::function<Fault(int)> fault = [](int) { return Fault(); };
  int creates = 0;

  runtime::ScriptedAnswer answer(runtime::VirtualRuntime& runtime, const runtime::HttpRequest& request) {
    const runtime::Headers json = {{"Content-Type", "application/json"}};
    const runtime::Duration now = runtime.clock().steady();
    if (request.method == "GET") {
      const std::string wanted = request.url.substr(request.url.rfind('=') + 1);
      std::string rows;
      for (std::size_t i = 0; i < notes.size(); ++i) {
        if (notes[i].external_id != wanted || notes[i].seen_from > now) continue;
        rows += (rows.empty() ? "" : ",") + ("{\"id\":" + std::to_string(i + 1)) + "}";
      }
      return {200, "{\"data\":[" + rows + "]}", json};
    }
    if (request.method == "PUT") return {200, "{}", json};
    const auto body = parse_json(request.body);
    const std::string external_id(body->root.get("external_id").as_string());
    const std::string key = *runtime::find_header(request.headers, "Idempotency-Key");
    const Fault how = fault(++creates);
    const bool keyed = request.url.find("put_keyed") != std::string::npos;
    const bool unique = request.url.find("put_unique") != std::string::npos;
    const auto act = [this, &runtime, external_id, key, keyed, unique]() -> std::size_t {
      if (keyed && keys.contains(key)) return keys[key];
      if (unique) {
        for (const Note& note : notes) {
          if (note.external_id == external_id) return 0;
        }
      }
      notes.push_back({external_id, runtime.clock().steady() + lag});
      keys[key] = notes.size();
      return notes.size();
    };
    if (how.lost) {
      if (!how.never && how.lands > runtime::Duration())
        runtime.delivery().after(how.lands, [act] { act(); });
      if (!how.never && how.lands == runtime::Duration()) act();
      return {Error("timeout", "no answer in time"), runtime::RequestSent::maybe, std::chrono::seconds(60)};
    }
    const std::size_t id = act();
    if (id == 0) return {409, R"({"error":"exists"})", json};
    return {201, "{\"id\":" + std::to_string(id) + "}", json};
  }
};

class ResolveHost : public VirtualHost {
 protected:
  std::string plugins() const override { return TENON_NOTES_DIR; }

  void SetUp() override {
    VirtualHost::SetUp();
    runtime_.network().on_request(
        [this](const runtime::HttpRequest& request) { return notes_.answer(runtime_, request); });
  }
  void begin(const std::string& operation) { start(pipeline_of(operation)); }
  static std::string pipeline_of(const std::string& operation,
                                 const std::string& url = "https://notes.test") {
    return R"(
tenon: 1
name: notes
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  notes: { connector: notes, base_url: ")" +
           url + R"(" }
trigger: { connection: store, events: [store/customer/updated] }
mapping: { external_id: "c_${{ event.keys.customer }}", name: "${{ event.type }}" }
action: { connection: notes, operation: )" +
           operation + " }\n";
  }
  std::uint64_t told() {
    for (const auto& sample : metrics::snapshot()) {
      if (sample.name == "duplicate_at_sink" && sample.label == "put_plain") return sample.value;
    }
    return 0;
  }

  /// Until the event has ended, while the create before its own is still on its way.
  void deliver(const std::string& id) {
    for (int i = 0; i < 280 && state(id) != "delivered"; ++i) runtime_.advance(std::chrono::seconds(1));
    ASSERT_EQ(state(id), "delivered");
    ASSERT_EQ(notes_.notes.size(), 1U) << "the other lands later";
  }
  /// What was noted last of the event; empty: nothing was.
  std::string note_of(const std::string& id) {
    const auto notes = show(id).notes;
    return notes.empty() ? "" : notes.back().what + ": " + notes.back().text;
  }
  std::size_t watched() {
    std::size_t count = 0;
    journal_->watches({&runtime_.delivery(), [&](Result<std::vector<journal::Watch>> got) {
                         ASSERT_TRUE(got);
                         count = got->size();
                       }});
    runtime_.run_until_idle();
    return count;
  }

  Notes notes_;
};

}  // namespace tenon::pipeline
