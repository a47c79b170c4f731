#include "base/json.hpp"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>
#include <vector>

namespace tenon {
namespace {

namespace od = simdjson::ondemand;

Error invalid(std::string what) { return {"invalid_json", std::move(what)}; }

/// RFC 8259 section 6; simdjson's on-demand front end hands numbers over unchecked.
bool is_json_number(std::string_view t) {
  std::size_t i = 0;
  const auto digit = [&] { return i < t.size() && t[i] >= '0' && t[i] <= '9'; };
  const auto digits = [&] {
    if (!digit()) return false;
    while (digit()) ++i;
    return true;
  };
  if (i < t.size() && t[i] == '-') ++i;
  if (i < t.size() && t[i] == '0') {
    ++i;
  } else if (!digits()) {
    return false;
  }
  if (i < t.size() && t[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
    ++i;
    if (i < t.size() && (t[i] == '+' || t[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == t.size();
}

class Reader {
 public:
  Reader(Arena& arena, const JsonLimits& limits) : arena_(arena), limits_(limits) {}

  template <class V>
  Result<Value> read(V& v, std::size_t depth) {
    od::json_type type;
    if (const auto code = v.type().get(type)) return fail(code);
    switch (type) {
      case od::json_type::object:
        return read_object(v, depth);
      case od::json_type::array:
        return read_array(v, depth);
      case od::json_type::string: {
        std::string_view text;
        if (const auto code = v.get_string().get(text)) return fail(code);
        return Value::string(arena_.copy(text));
      }
      case od::json_type::number:
        return read_number(v);
      case od::json_type::boolean: {
        bool b = false;
        if (const auto code = v.get_bool().get(b)) return fail(code);
        return Value::boolean(b);
      }
      case od::json_type::null: {
        bool is_null = false;
        if (const auto code = get_null(v, is_null)) return fail(code);
        if (!is_null) return invalid("a word that is none of JSON's");
        return Value::null();
      }
    }
    return invalid("unknown token");
  }

 private:
  static Error fail(simdjson::error_code code) { return invalid(simdjson::error_message(code)); }

  template <class V>
  static simdjson::error_code get_null(V& v, bool& out) {
    if constexpr (requires { v.is_null().get(out); }) {
      return v.is_null().get(out);
    } else {
      out = v.is_null();
      return simdjson::SUCCESS;
    }
  }

  template <class V>
  Result<Value> read_number(V& v) {
    std::string_view raw;
    if constexpr (requires { v.raw_json_token().get(raw); }) {
      if (const auto code = v.raw_json_token().get(raw)) return fail(code);
    } else {
      raw = v.raw_json_token();
    }
    while (!raw.empty() && std::strchr(" \t\r\n", raw.back()) != nullptr) raw.remove_suffix(1);
    if (raw.size() > limits_.number_length) return invalid("a number of too many characters");
    if (!is_json_number(raw)) return invalid("a malformed number");
    const auto result = Value::number_text(arena_.copy(raw));
    if (std::isinf(result.as_double())) return invalid("a number out of range");
    // Moves the reader past the token; the kinds it cannot hold are fine, the text is kept.
    if (const auto code = skip(v)) return fail(code);
    return result;
  }

  template <class V>
  static simdjson::error_code skip(V& v) {
    double ignored = 0;
    const auto code = v.get_double().get(ignored);
    return code == simdjson::NUMBER_ERROR ? simdjson::SUCCESS : code;
  }

  template <class V>
  Result<Value> read_array(V& v, std::size_t depth) {
    if (depth >= limits_.depth) return invalid("nested too deep");
    od::array array;
    if (const auto code = v.get_array().get(array)) return fail(code);
    std::vector<Value> items;
    for (auto element : array) {
      od::value child;
      if (const auto code = std::move(element).get(child)) return fail(code);
      auto item = read(child, depth + 1);
      if (!item) return item;
      items.push_back(*item);
    }
    Value* to = arena_.array<Value>(items.size());
    std::uninitialized_copy(items.begin(), items.end(), to);
    return Value::array({to, items.size()});
  }

  template <class V>
  Result<Value> read_object(V& v, std::size_t depth) {
    if (depth >= limits_.depth) return invalid("nested too deep");
    od::object object;
    if (const auto code = v.get_object().get(object)) return fail(code);
    std::vector<Member> members;
    std::unordered_set<std::string_view> seen;
    for (auto field : object) {
      std::string_view name;
      if (const auto code = field.unescaped_key().get(name)) return fail(code);
      if (++members_ > limits_.members) return invalid("too many members");
      name = arena_.copy(name);
      if (is_duplicate(name, members, seen)) return invalid("a name twice in one object");
      od::value child;
      if (const auto code = field.value().get(child)) return fail(code);
      auto value = read(child, depth + 1);
      if (!value) return value;
      members.push_back({name, *value});
    }
    Member* to = arena_.array<Member>(members.size());
    std::uninitialized_copy(members.begin(), members.end(), to);
    return Value::object({to, members.size()});
  }

  /// Linear while the object is small, hashed from there on: a hostile object must not cost n^2.
  static bool is_duplicate(std::string_view name, const std::vector<Member>& members,
                           std::unordered_set<std::string_view>& seen) {
    constexpr std::size_t kSmall = 16;
    if (members.size() < kSmall) {
      for (const Member& m : members) {
        if (m.name == name) return true;
      }
      return false;
    }
    if (seen.empty()) {
      for (const Member& m : members) seen.insert(m.name);
    }
    return !seen.insert(name).second;
  }

  Arena& arena_;
  const JsonLimits& limits_;
  std::size_t members_ = 0;
};

}  // namespace

Result<Value> parse_json(std::string_view text, Arena& arena, const JsonLimits& limits) {
  if (text.size() >= 3 && std::memcmp(text.data(), "\xEF\xBB\xBF", 3) == 0)
    return invalid("a byte order mark");
  // One parser a thread: it keeps its buffers, so that a steady stream of events allocates only arenas.
  thread_local od::parser parser;
  thread_local std::string padded;
  constexpr std::size_t kKeep = std::size_t{1} << 20;
  if (padded.capacity() > kKeep * 2 && text.size() < kKeep) std::string().swap(padded);
  padded.assign(text);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  od::document document;
  const simdjson::padded_string_view view(padded.data(), text.size(), padded.size());
  if (const auto code = parser.iterate(view).get(document)) return invalid(simdjson::error_message(code));
  auto value = Reader(arena, limits).read(document, 0);
  const char* rest = nullptr;
  if (value && document.current_location().get(rest) == simdjson::SUCCESS)
    return invalid("text after the value");
  return value;
}

Result<Document> parse_json(std::string_view text, const JsonLimits& limits) {
  Document document;
  TENON_TRY(document.root, parse_json(text, document.arena, limits));
  return document;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, from, i - from);
    from = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, from, text.size() - from);
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {
    out += '0';
    return;
  }
  char buffer[40];
  const auto scientific =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(scientific.ptr - buffer));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const auto e = text.find('e');
  int exponent = 0;
  const std::string_view shown = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(shown.data(), shown.data() + shown.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits.append(text.substr(2, e - 2));
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // ECMA-262's n
  if (count <= point && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(point));
    out += '.';
    out.append(digits, static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  } else {
    out += digits[0];
    if (count > 1) {
      out += '.';
      out.append(digits, 1);
    }
    out += 'e';
    out += point - 1 < 0 ? '-' : '+';
    out += std::to_string(std::abs(point - 1));
  }
}

namespace {

void append(std::string& out, Value value, int indent, int depth) {
  const auto line = [&](int level) {
    if (indent == 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent * level), ' ');
  };
  switch (value.kind()) {
    case Kind::boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case Kind::number:
      if (value.number_text().empty()) {
        append_number(out, value.as_double());
      } else {
        out += value.number_text();
      }
      return;
    case Kind::string:
      append_json_string(out, value.as_string());
      return;
    case Kind::array: {
      out += '[';
      bool first = true;
      for (const Value item : value.items()) {
        if (!std::exchange(first, false)) out += ',';
        line(depth + 1);
        append(out, item, indent, depth + 1);
      }
      if (!first) line(depth);
      out += ']';
      return;
    }
    case Kind::object: {
      out += '{';
      bool first = true;
      for (const Member& member : value.members()) {
        if (member.value.is_missing() || member.value.is_function()) continue;
        if (!std::exchange(first, false)) out += ',';
        line(depth + 1);
        append_json_string(out, member.name);
        out += indent ? ": " : ":";
        append(out, member.value, indent, depth + 1);
      }
      if (!first) line(depth);
      out += '}';
      return;
    }
    default:
      out += "null";
  }
}

}  // namespace

void append_json(std::string& out, Value value) { append(out, value, 0, 0); }

std::string to_json(Value value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string to_pretty_json(Value value) {
  std::string out;
  append(out, value, 2, 0);
  return out;
}

}  // namespace tenon
