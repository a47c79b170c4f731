#include "base/json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
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

/// What one thread keeps between documents, so that a steady stream of events allocates only arenas.
struct Scratch {
  od::parser parser;
  std::vector<Value> items;  ///< elements of the arrays being read
  std::vector<Member> members;
};

/// Reads one document. Its text lies padded in the arena: names, numbers and strings without escapes are
/// views into it, so that a value costs no copy and no allocation of its own.
class Reader {
 public:
  Reader(Arena& arena, const JsonLimits& limits, Scratch& scratch)
      : arena_(arena), limits_(limits), items_(scratch.items), members_(scratch.members) {}

  /// False on failure; error() then says why.
  template <class V>
  bool read(V& v, std::size_t depth, Value& out) {
    od::json_type type;
    if (const auto code = v.type().get(type)) return fail(code);
    switch (type) {
      case od::json_type::object:
        return read_object(v, depth, out);
      case od::json_type::array:
        return read_array(v, depth, out);
      case od::json_type::string:
        return read_string(v, out);
      case od::json_type::number:
        return read_number(v, out);
      case od::json_type::boolean: {
        bool b = false;
        if (const auto code = v.get_bool().get(b)) return fail(code);
        out = Value::boolean(b);
        return true;
      }
      case od::json_type::null: {
        bool is_null = false;
        if (const auto code = get_null(v, is_null)) return fail(code);
        if (!is_null) return fail("a word that is none of JSON's");
        out = Value::null();
        return true;
      }
    }
    return fail("unknown token");
  }

  Error error() { return invalid(std::move(why_)); }

 private:
  /// A document's scalar is read by simdjson to its end, which checks what follows.
  template <class V>
  static constexpr bool kIsWhole = std::is_same_v<std::remove_cvref_t<V>, od::document>;

  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool fail(simdjson::error_code code) { return fail(std::string(simdjson::error_message(code))); }

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
  static simdjson::error_code raw_token(V& v, std::string_view& raw) {
    if constexpr (requires { v.raw_json_token().get(raw); }) {
      return v.raw_json_token().get(raw);
    } else {
      raw = v.raw_json_token();
      return simdjson::SUCCESS;
    }
  }

  /// The string that begins at `text`, behind its quote, if it holds no escape. simdjson's first pass has
  /// seen that it is closed, valid UTF-8 and without control characters.
  static bool plain_string(const char* text, std::string_view& out) {
    const char* end = text;
    while (*end != '"') {
      if (*end == '\\') return false;
      ++end;
    }
    out = {text, static_cast<std::size_t>(end - text)};
    return true;
  }

  template <class V>
  bool read_string(V& v, Value& out) {
    std::string_view text;
    if constexpr (!kIsWhole<V>) {
      std::string_view raw;
      if (const auto code = raw_token(v, raw)) return fail(code);
      // The parent's iterator moves past what was only looked at.
      if (plain_string(raw.data() + 1, text)) {
        out = Value::string(text);
        return true;
      }
    }
    if (const auto code = v.get_string().get(text)) return fail(code);
    out = Value::string(arena_.copy(text));
    return true;
  }

  template <class V>
  bool read_number(V& v, Value& out) {
    std::string_view raw;
    if (const auto code = raw_token(v, raw)) return fail(code);
    while (!raw.empty() && std::strchr(" \t\r\n", raw.back()) != nullptr) raw.remove_suffix(1);
    if (raw.size() > limits_.number_length) return fail("a number of too many characters");
    if (!is_json_number(raw)) return fail("a malformed number");
    out = Value::number_text(raw);
    // Without an exponent only a number of hundreds of digits is out of range.
    constexpr std::size_t kSurelyInRange = 300;
    const bool may_overflow =
        raw.size() > kSurelyInRange || raw.find_first_of("eE") != std::string_view::npos;
    if (may_overflow && std::isinf(out.as_double())) return fail("a number out of range");
    if constexpr (kIsWhole<V>) {
      // Moves the reader past the token; the kinds it cannot hold are fine, the text is kept.
      double ignored = 0;
      const auto code = v.get_double().get(ignored);
      if (code != simdjson::SUCCESS && code != simdjson::NUMBER_ERROR) return fail(code);
    }
    return true;
  }

  template <class V>
  bool read_array(V& v, std::size_t depth, Value& out) {
    if (depth >= limits_.depth) return fail("nested too deep");
    od::array array;
    if (const auto code = v.get_array().get(array)) return fail(code);
    const std::size_t from = items_.size();
    for (auto element : array) {
      od::value child;
      if (const auto code = std::move(element).get(child)) return fail(code);
      Value item;
      if (!read(child, depth + 1, item)) return false;
      items_.push_back(item);
    }
    const std::size_t size = items_.size() - from;
    Value* to = arena_.array<Value>(size);
    std::uninitialized_copy_n(items_.begin() + static_cast<std::ptrdiff_t>(from), size, to);
    items_.resize(from);
    out = Value::array({to, size});
    return true;
  }

  template <class V>
  bool read_object(V& v, std::size_t depth, Value& out) {
    if (depth >= limits_.depth) return fail("nested too deep");
    od::object object;
    if (const auto code = v.get_object().get(object)) return fail(code);
    const std::size_t from = members_.size();
    std::unique_ptr<std::unordered_set<std::string_view>> seen;
    for (auto field : object) {
      std::string_view name;
      od::raw_json_string key;
      if (const auto code = field.key().get(key)) return fail(code);
      if (!plain_string(key.raw(), name)) {
        if (const auto code = field.unescaped_key().get(name)) return fail(code);
        name = arena_.copy(name);
      }
      if (++count_ > limits_.members) return fail("too many members");
      if (is_duplicate(name, from, seen)) return fail("a name twice in one object");
      od::value child;
      if (const auto code = field.value().get(child)) return fail(code);
      // Its members stand behind this object's until they are copied.
      members_.push_back({name, Value()});
      const std::size_t place = members_.size() - 1;
      Value value;
      if (!read(child, depth + 1, value)) return false;
      members_[place].value = value;
    }
    const std::size_t size = members_.size() - from;
    Member* to = arena_.array<Member>(size);
    std::uninitialized_copy_n(members_.begin() + static_cast<std::ptrdiff_t>(from), size, to);
    members_.resize(from);
    out = Value::object({to, size});
    return true;
  }

  /// Linear while the object is small, hashed from there on: a hostile object must not cost n^2.
  bool is_duplicate(std::string_view name, std::size_t from,
                    std::unique_ptr<std::unordered_set<std::string_view>>& seen) const {
    constexpr std::size_t kSmall = 16;
    const std::span<const Member> members = std::span<const Member>(members_).subspan(from);
    if (members.size() < kSmall) {
      return std::any_of(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
    }
    if (!seen) {
      seen = std::make_unique<std::unordered_set<std::string_view>>();
      for (const Member& m : members) seen->insert(m.name);
    }
    return !seen->insert(name).second;
  }

  Arena& arena_;
  const JsonLimits& limits_;
  std::vector<Value>& items_;
  std::vector<Member>& members_;
  std::size_t count_ = 0;
  std::string why_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, Arena& arena, const JsonLimits& limits) {
  if (text.size() >= 3 && std::memcmp(text.data(), "\xEF\xBB\xBF", 3) == 0)
    return invalid("a byte order mark");
  // simdjson 3.0 takes a lone `null` with a blank behind it for none of JSON's words.
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  thread_local Scratch scratch;
  scratch.items.clear();
  scratch.members.clear();
  char* padded = static_cast<char*>(arena.allocate(text.size() + simdjson::SIMDJSON_PADDING, 1));
  if (!text.empty()) std::memcpy(padded, text.data(), text.size());
  std::memset(padded + text.size(), 0, simdjson::SIMDJSON_PADDING);
  od::document document;
  const simdjson::padded_string_view view(padded, text.size(), text.size() + simdjson::SIMDJSON_PADDING);
  if (const auto code = scratch.parser.iterate(view).get(document))
    return invalid(simdjson::error_message(code));
  Reader reader(arena, limits, scratch);
  Value value;
  if (!reader.read(document, 0, value)) return reader.error();
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS) return invalid("text after the value");
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
