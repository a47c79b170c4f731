// The functions of tenon_host: what a plugin can call. Each one finds its guest first, or does nothing.
#include <pthread.h>

#include <atomic>
#include <memory>
#include <mutex>

#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "plugin/guest.hpp"

namespace tenon::plugin {

/// What a plugin holds of the host. Outlives its guest, to the end of the process: a plugin that keeps the
/// table finds a door with nobody behind it.
struct Guest::Door {
  tenon_host table{};
  std::atomic<Guest*> guest{nullptr};
  pthread_t thread{};
  void* left_behind = nullptr;  ///< an abandoned instance, so that leak checkers see who has it
};

namespace {

constexpr std::size_t kMostPointer = std::size_t{64} << 10;

void ignored(const char* function, const char* why) noexcept {
  try {
    metrics::count("plugin_calls_ignored", why);
    log::debug("a plugin's call into the host was ignored", {{"function", function}, {"why", why}});
  } catch (...) {  // out of memory: nothing is lost but the count
  }
}

}  // namespace

Guest::Door* Guest::make_door(Guest* guest) {
  static std::mutex mutex;
  static auto& doors = *new std::vector<std::unique_ptr<Door>>();
  auto made = std::make_unique<Door>();
  made->guest = guest;
  made->thread = pthread_self();
  tenon_host& t = made->table;
  t.size = sizeof t;
  t.abi_minor = TENON_ABI_MINOR;
  t.self = made.get();
  t.log = &on_log;
  t.http = &on_http;
  t.complete = &on_complete;
  t.now_ms = &on_now;
  t.random = &on_random;
  t.json_at = &on_json_at;
  t.json_text = &on_json_text;
  const std::lock_guard lock(mutex);
  return doors.emplace_back(std::move(made)).get();
}

const tenon_host* Guest::table() const { return &door_->table; }

/// A host that ends may do so from its main thread, once its executors stand still.
void Guest::take_over_door() { door_->thread = pthread_self(); }

void Guest::leave_door() {
  if (door_->guest.exchange(nullptr) != nullptr) door_->left_behind = instance_;
}

Guest* Guest::visitor(void* self, const char* function, bool inside) noexcept {
  auto* const door = static_cast<Door*>(self);
  if (!door) return ignored(function, "without the host"), nullptr;
  Guest* const guest = door->guest;
  if (!guest) return ignored(function, "after the instance ended"), nullptr;
  if (!pthread_equal(door->thread, pthread_self())) return ignored(function, "from another thread"), nullptr;
  if (inside && guest->depth_ == 0) return ignored(function, "from outside of a call"), nullptr;
  return guest;
}

void Guest::on_log(void* self, tenon_call, std::uint32_t level, tenon_str message) noexcept {
  Guest* const guest = visitor(self, "log");
  if (!guest) return;
  try {
    Borrowed in;
    const std::string words = guest->setup_->redactor.text(in.words(message, "the message"));
    if (!in.ok()) return guest->broke("log", in.problem());
    const auto& setup = *guest->setup_;
    const log::Fields fields = {
        {"connection", setup.connection.name}, {"connector", setup.manifest.name}, {"says", words}};
    if (level == TENON_LOG_DEBUG) {
      log::debug("plugin", fields);
    } else if (level == TENON_LOG_INFO) {
      log::info("plugin", fields);
    } else if (level == TENON_LOG_WARN) {
      log::warn(codes::kPluginLog, "plugin", fields);
    } else {
      log::error(codes::kPluginLog, "plugin", fields);
    }
  } catch (...) {
    ignored("log", "out of memory");
  }
}

void Guest::on_http(void* self, tenon_call call, const tenon_http_request* request, tenon_http_done done,
                    void* user) noexcept {
  Guest* const guest = visitor(self, "http");
  if (!guest) return;
  try {
    guest->http(call, request, done, user);
  } catch (...) {
    ignored("http", "out of memory");
  }
}

void Guest::on_complete(void* self, tenon_call call, const tenon_result* result) noexcept {
  Guest* const guest = visitor(self, "complete");
  if (!guest) return;
  try {
    guest->completed(call, result);
  } catch (...) {
    ignored("complete", "out of memory");
  }
}

std::int64_t Guest::on_now(void* self) noexcept {
  Guest* const guest = visitor(self, "now_ms");
  if (!guest) return 0;
  return guest->accepting_ ? guest->accepting_->now_ms : guest->setup_->host.runtime->clock().wall_ms();
}

std::uint64_t Guest::on_random(void* self) noexcept {
  Guest* const guest = visitor(self, "random");
  return guest ? guest->setup_->host.runtime->random().next() : 0;
}

std::uint32_t Guest::on_json_at(void* self, tenon_str pointer, tenon_json* out) noexcept {
  Guest* const guest = visitor(self, "json_at");
  if (!guest || !guest->accepting_) return 1;
  try {
    Borrowed in;
    const std::string at = in.bytes(pointer, "the pointer", kMostPointer);
    if (!in.structure(out, "tenon_json")) return guest->broke("json_at", in.problem()), 1;
    const auto value = guest->accepting_->body.at(at);
    if (!value) return 1;
    constexpr std::uint32_t kTypes[] = {TENON_JSON_MISSING, TENON_JSON_NULL,   TENON_JSON_BOOLEAN,
                                        TENON_JSON_NUMBER,  TENON_JSON_STRING, TENON_JSON_ARRAY,
                                        TENON_JSON_OBJECT};
    std::string_view text;
    if (value->is_string()) text = value->as_string();
    if (value->is_number()) text = value->number_text();
    if (value->is_boolean()) text = value->as_boolean() ? "true" : "false";
    out->type = kTypes[static_cast<std::size_t>(value->kind())];
    out->text = {text.data(), text.size()};
    out->elements = value->is_array() || value->is_object() ? value->size() : 0;
    return 0;
  } catch (...) {
    return 1;
  }
}

std::uint32_t Guest::on_json_text(void* self, tenon_str pointer, tenon_str* out) noexcept {
  Guest* const guest = visitor(self, "json_text");
  if (!guest || !guest->accepting_ || !out) return 1;
  try {
    Borrowed in;
    const std::string at = in.bytes(pointer, "the pointer", kMostPointer);
    if (!in.ok()) return guest->broke("json_text", in.problem()), 1;
    const auto text = guest->accepting_->body.text(at);
    if (!text) return 1;
    *out = {text->data(), text->size()};
    return 0;
  } catch (...) {
    return 1;
  }
}

void Guest::on_emit(void* user, const tenon_event* event) noexcept {
  Guest* const guest = visitor(user, "emit");
  if (!guest) return;
  if (!guest->accepting_) return ignored("emit", "outside of accept");
  try {
    guest->emit(event);
  } catch (...) {
    guest->accepting_->in.fail("out of memory");
  }
}

void Guest::on_fail(void* user, tenon_str message) noexcept {
  Guest* const guest = visitor(user, "fail");
  if (!guest) return;
  auto* const to = guest->creating_    ? guest->creating_
                   : guest->accepting_ ? &guest->accepting_->failure
                                       : nullptr;
  if (!to) return ignored("fail", "outside of create and accept");
  try {
    Borrowed in;
    std::string words = in.words(message, "the reason");
    if (!in.ok()) words = "the plugin gave a broken reason: " + in.problem();
    if (!*to) *to = words.empty() ? "the plugin gave an empty reason" : words;
  } catch (...) {
    ignored("fail", "out of memory");
  }
}

}  // namespace tenon::plugin
