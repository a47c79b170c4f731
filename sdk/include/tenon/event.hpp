// What `accept` reads and emits: event_view over the request's body, event, and emitter.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/text.hpp"

namespace tenon {

/// Throw it from `accept`: the bytes are not what the source sends. The host keeps them as a dead letter.
class malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class json_type : std::uint32_t {
  missing = TENON_JSON_MISSING,
  null = TENON_JSON_NULL,
  boolean = TENON_JSON_BOOLEAN,
  number = TENON_JSON_NUMBER,
  string = TENON_JSON_STRING,
  array = TENON_JSON_ARRAY,
  object = TENON_JSON_OBJECT,
};

/// A verified request. Paths are JSON pointers (RFC 6901); the host has parsed the body. Texts stay valid
/// until `accept` returns. A body that is not JSON makes every look at a path throw tenon::malformed.
class event_view {
 public:
  event_view(const tenon_host* host, const tenon_delivery& delivery) : host_(host), delivery_(delivery) {}
  event_view(const event_view&) = delete;

  json_type type(std::string_view pointer) const { return static_cast<json_type>(at(pointer).type); }
  bool has(std::string_view pointer) const { return type(pointer) != json_type::missing; }
  bool is_object(std::string_view pointer) const { return type(pointer) == json_type::object; }
  /// Elements of an array or members of an object; 0 for everything else.
  std::size_t size(std::string_view pointer) const { return at(pointer).elements; }

  /// The characters of a string; nothing if it is none.
  std::optional<std::string_view> string(std::string_view pointer) const {
    return text_if(pointer, TENON_JSON_STRING);
  }
  /// A number as it is written; nothing if it is none.
  std::optional<std::string_view> number(std::string_view pointer) const {
    return text_if(pointer, TENON_JSON_NUMBER);
  }
  std::optional<bool> boolean(std::string_view pointer) const {
    const auto found = at(pointer);
    if (found.type != TENON_JSON_BOOLEAN) return std::nullopt;
    return sdk::view(found.text) == "true";
  }
  /// A number that is written as an integer and fits.
  std::optional<std::int64_t> integer(std::string_view pointer) const {
    const auto text = number(pointer);
    if (!text) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return value;
  }
  /// An id: a string or a non-negative integer, 1 to 255 bytes without control characters.
  std::optional<std::string_view> id(std::string_view pointer) const {
    const auto found = at(pointer);
    const auto text = sdk::view(found.text);
    if (text.empty() || text.size() > 255) return std::nullopt;
    if (found.type == TENON_JSON_NUMBER) {
      if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    } else if (found.type != TENON_JSON_STRING) {
      return std::nullopt;
    }
    for (const char c : text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    return text;
  }
  /// The JSON text of what stands there, compact, numbers as written; empty if nothing does.
  std::string_view text(std::string_view pointer) const {
    tenon_str out{};
    if (host_->json_text(host_->self, sdk::lend(pointer), &out) != 0) throw malformed("the body is not JSON");
    return sdk::view(out);
  }

  /// Raw bytes.
  std::string_view body() const noexcept { return sdk::view(delivery_.body); }
  /// First header of that name, in any case of letters. Headers that verification reads are not here.
  std::optional<std::string_view> header(std::string_view name) const {
    for (std::size_t i = 0; i < delivery_.header_count; ++i) {
      const auto& header = sdk::element(delivery_.headers, i);
      if (sdk::same_letters(sdk::view(header.name), name)) return sdk::view(header.value);
    }
    return std::nullopt;
  }
  /// Unix milliseconds of the arrival.
  std::int64_t now_ms() const noexcept { return delivery_.now_ms; }
  void log(std::uint32_t level, std::string_view message) const {
    host_->log(host_->self, 0, level, sdk::lend(message));
  }

 private:
  tenon_json at(std::string_view pointer) const {
    tenon_json out{};
    out.size = sizeof out;
    if (host_->json_at(host_->self, sdk::lend(pointer), &out) != 0) throw malformed("the body is not JSON");
    return out;
  }
  std::optional<std::string_view> text_if(std::string_view pointer, std::uint32_t wanted) const {
    const auto found = at(pointer);
    if (found.type != wanted) return std::nullopt;
    return sdk::view(found.text);
  }

  const tenon_host* host_;
  const tenon_delivery& delivery_;
};

/// One event. `type` is one of the manifest's, `key` is what orders it (events of one key run one after the
/// other).
class event {
 public:
  event(std::string_view type, std::string_view key) : type_(type), key_(key) {}

  /// Names an object that the event speaks of: `.names("customer", "32")` is `event.keys.customer` in a
  /// mapping.
  event& names(std::string_view name, std::string_view value) {
    keys_.emplace_back(name, value);
    return *this;
  }
  /// The JSON that mappings see as `event.data`.
  event& data(std::string_view json_text) {
    data_ = json_text;
    return *this;
  }
  /// When it happened, Unix milliseconds.
  event& time_ms(std::optional<std::int64_t> when) {
    time_ms_ = when.value_or(-1);
    return *this;
  }
  /// Of the object, if the payload carries it; what is strictly older is not written.
  event& version(std::string_view text) {
    version_ = text;
    return *this;
  }
  /// Only if the payload names one; a signed delivery id is the host's business.
  event& id(std::string_view text) {
    id_ = text;
    return *this;
  }
  /// Says only that something changed: a fetch must follow, and equal events may fold into one.
  event& thin() {
    flags_ |= TENON_EVENT_THIN;
    return *this;
  }

 private:
  friend class emitter;
  std::string type_, key_, id_, version_, data_ = "null";
  std::vector<std::pair<std::string, std::string>> keys_;
  std::int64_t time_ms_ = -1;
  std::uint32_t flags_ = 0;
};

/// Where `accept` puts its events, in order. Events emitted before an exception are dropped by the host.
class emitter {
 public:
  emitter(tenon_emit function, void* user) : emit_(function), user_(user) {}
  emitter(const emitter&) = delete;

  void emit(const event& what) {
    if (what.type_.empty() || what.key_.empty()) throw malformed("an event without type or key");
    keys_.clear();
    for (const auto& [name, value] : what.keys_)
      keys_.push_back(tenon_key{sizeof(tenon_key), 0, sdk::lend(name), sdk::lend(value)});
    tenon_event out{};
    out.size = sizeof out;
    out.flags = what.flags_;
    out.id = sdk::lend(what.id_);
    out.key = sdk::lend(what.key_);
    out.keys = keys_.data();
    out.key_count = keys_.size();
    out.type = sdk::lend(what.type_);
    out.version = sdk::lend(what.version_);
    out.time_ms = what.time_ms_;
    out.data = sdk::lend(what.data_);
    emit_(user_, &out);
  }

 private:
  tenon_emit emit_;
  void* user_;
  std::vector<tenon_key> keys_;
};

}  // namespace tenon
