// Body: the delivery's body as `accept` looks it up, parsed when first asked unless it came parsed.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/value.hpp"

namespace tenon::plugin {

/// The value at a JSON pointer (RFC 6901); missing if there is none or the pointer is malformed.
Value at_pointer(Value root, std::string_view pointer);

class Body {
 public:
  /// `bytes` outlive this, and so does `root`: what they say, or missing if nobody has looked yet.
  Body(std::string_view bytes, Value root) : bytes_(bytes), parsed_(!root.is_missing()), root_(root) {}
  /// What stands at `pointer`; nullopt if the body is no JSON within the limits. Texts live as long as this.
  std::optional<Value> at(std::string_view pointer);
  /// Its JSON text; empty if nothing stands there. Lives as long as this.
  std::optional<std::string_view> text(std::string_view pointer);
  /// True if `data` is, to the byte, a text that was handed out: known to be JSON.
  bool handed_out(std::string_view data) const;

 private:
  bool parse();

  std::string_view bytes_;
  bool parsed_;
  Value root_;  ///< missing if the body is no JSON
  Document document_;
  std::deque<std::string> texts_;
};

}  // namespace tenon::plugin
