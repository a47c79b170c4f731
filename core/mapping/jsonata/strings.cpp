#include "mapping/jsonata/strings.hpp"

#include <charconv>
#include <cmath>

#include "base/json.hpp"

namespace tenon::mapping::jsonata {
namespace {

class Writer {
 public:
  Writer(std::string& out, bool pretty, WriteBounds* bounds) : out_(out), pretty_(pretty), bounds_(bounds) {}

  bool write(Value value) {
    switch (value.kind()) {
      case Kind::number:
        return number(value);
      case Kind::string:
        append_json_string(out_, value.as_string());
        return true;
      case Kind::boolean:
        out_ += value.as_boolean() ? "true" : "false";
        return true;
      case Kind::array:
        return array(value);
      case Kind::object:
        return object(value);
      case Kind::function:
        out_ += "\"\"";
        return true;
      default:
        out_ += "null";
        return true;
    }
  }

 private:
  bool number(Value value) {
    // An identifier that no double holds must not change on its way into a text.
    if ((value.flags() & kExact) != 0 || is_plain_integer(value.number_text())) {
      out_ += value.number_text() == "-0" ? "0" : value.number_text();
      return true;
    }
    double number = value.as_double();
    if (!std::isfinite(number)) return false;
    if (number != std::floor(number)) {
      char digits[40];
      const auto end =
          std::to_chars(digits, digits + sizeof digits, number, std::chars_format::scientific, 14);
      std::from_chars(digits, end.ptr, number);
    }
    append_number(out_, number);
    return true;
  }

  bool array(Value value) {
    out_ += '[';
    ++depth_;
    bool first = true;
    for (const Value item : value.items()) {
      next(first);
      if (!write(item)) return false;
    }
    close(']', first);
    return true;
  }

  bool object(Value value) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const Member& member : value.members()) {
      if (member.value.is_missing()) continue;
      next(first);
      append_json_string(out_, member.name);
      out_ += pretty_ ? ": " : ":";
      if (!write(member.value)) return false;
    }
    close('}', first);
    return true;
  }

  void next(bool& first) {
    if (bounds_ != nullptr) bounds_->item(out_.size(), depth_);
    if (!first) out_ += ',';
    first = false;
    line();
  }

  void close(char bracket, bool empty) {
    --depth_;
    if (!empty) line();
    out_ += bracket;
  }

  void line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  std::string& out_;
  bool pretty_;
  WriteBounds* bounds_;
  std::size_t depth_ = 0;
};

}  // namespace

bool append_text(std::string& out, Value value, bool pretty, WriteBounds* bounds) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::function:
      return true;
    case Kind::string:
      out += value.as_string();
      return true;
    default:
      return Writer(out, pretty, bounds).write(value);
  }
}

}  // namespace tenon::mapping::jsonata
