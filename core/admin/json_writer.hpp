// Writing the JSON of the admin API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::admin {

/// Writes one JSON object; members in the order of the calls.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  /// What is no UTF-8 (of a store that was damaged) must not spoil the document.
  void text(std::string_view name, std::string_view value) {
    begin(name);
    append_string(value);
  }
  /// Left out if empty.
  void text_if(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  template <class T>
  void number(std::string_view name, T value) {
    begin(name);
    out_ += std::to_string(value);
  }
  /// Left out if there is none.
  template <class T>
  void number_if(std::string_view name, const std::optional<T>& value) {
    if (value) number(name, *value);
  }
  void boolean(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "true" : "false";
  }
  /// The caller appends the value.
  std::string& begin(std::string_view name) {
    if (any_) out_ += ',';
    any_ = true;
    append_string(name);
    out_ += ':';
    return out_;
  }
  void end() { out_ += '}'; }

 private:
  void append_string(std::string_view text) {
    if (is_utf8(text)) {
      append_json_string(out_, text);
    } else {
      append_json_string(out_, as_utf8(text));
    }
  }

  std::string& out_;
  bool any_ = false;
};

/// JSON text as it is; what is none as a string, or in base64 if it is not even text.
inline void stored_text(ObjectWriter& object, const std::string& name, const std::string& stored) {
  if (stored.empty()) return;
  // What a reader of the answer would not take must not spoil it; a store may be damaged.
  JsonLimits limits;
  limits.members = 1'000'000;
  if (parse_json(stored, limits)) {
    object.begin(name) += stored;
  } else if (is_utf8(stored)) {
    object.text(name, stored);
  } else {
    object.text(name + "_base64", to_base64(stored));
  }
}

template <class Items, class Write>
void array(std::string& out, const Items& items, Write write) {
  out += '[';
  for (bool first = true; const auto& item : items) {
    if (!first) out += ',';
    first = false;
    write(item);
  }
  out += ']';
}

}  // namespace tenon::admin
