// Reading JSON. simdjson's first pass finds where tokens begin, and refuses bad UTF-8, control characters in
// strings and strings without an end; the walk over the tokens is ours, since a number must keep its text.
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/json.hpp"
#include "base/json_escape.hpp"
#include "base/same_text.hpp"

namespace tenon {
namespace {

Error invalid(std::string what) { return {"invalid_json", std::move(what)}; }

/// A stack whose memory stays for the next document.
template <class T>
class Stack {
 public:
  std::size_t size() const { return size_; }
  const T* at(std::size_t i) const { return data_.get() + i; }
  void clear() { size_ = 0; }
  /// Built in its place: a copy of what was just written piece by piece waits for the pieces.
  template <class... Parts>
  [[gnu::always_inline]] void emplace(Parts... parts) {
    if (size_ == capacity_) grow();
    new (data_.get() + size_++) T{parts...};
  }
  /// Takes all elements since `from` off it, into the arena.
  std::span<const T> move_from(std::size_t from, Arena& arena) {
    const std::size_t size = size_ - from;
    T* to = arena.array<T>(size);
    std::memcpy(static_cast<void*>(to), at(from), size * sizeof(T));
    size_ = from;
    return {to, size};
  }

 private:
  [[gnu::noinline]] void grow() {
    const std::size_t capacity = capacity_ == 0 ? 64 : capacity_ * 2;
    std::unique_ptr<T[]> data(new T[capacity]);
    std::copy_n(data_.get(), size_, data.get());
    data_ = std::move(data);
    capacity_ = capacity;
  }

  std::unique_ptr<T[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// What one thread keeps between documents, so that a steady stream of events allocates only arenas.
struct Scratch {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> tokens;
  Stack<Value> items;  ///< elements of the arrays being read
  Stack<Member> members;
  std::vector<std::uint32_t> names;  ///< hash table of one object's members

  simdjson::error_code find_tokens(const char* text, std::size_t size) {
    constexpr std::size_t kLeast = 4096;
    if (!tokens) {
      const auto* best = simdjson::get_active_implementation().operator->();
      if (const auto code = best->create_dom_parser_implementation(std::max(size, kLeast), 1, tokens))
        return code;
    } else if (size > tokens->capacity()) {
      if (const auto code = tokens->set_capacity(size)) return code;
    }
    return tokens->stage1(reinterpret_cast<const std::uint8_t*>(text), size, simdjson::stage1_mode::regular);
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Copies `text`. True if it holds a backslash.
bool copy_and_look(char* to, std::string_view text) {
  using Bytes [[gnu::vector_size(16)]] = unsigned char;
  constexpr std::size_t kStep = sizeof(Bytes);
  Bytes found = {};
  std::size_t at = 0;
  for (; at + kStep <= text.size(); at += kStep) {
    Bytes bytes;
    std::memcpy(&bytes, text.data() + at, kStep);
    std::memcpy(to + at, &bytes, kStep);
    found |= (bytes == '\\');
  }
  const std::string_view rest = text.substr(at);
  if (!rest.empty()) std::memcpy(to + at, rest.data(), rest.size());
  std::uint64_t halves[2];
  std::memcpy(halves, &found, sizeof halves);
  return (halves[0] | halves[1]) != 0 || rest.find('\\') != std::string_view::npos;
}

/// The end of the JSON number (RFC 8259, section 6) at `at`; nullptr if there is none. What follows may be
/// anything; the text ends in a NUL.
[[gnu::always_inline]] inline const char* number_end(const char* at, bool& exponent) {
  const auto digits = [&] {
    if (!is_digit(*at)) return false;
    while (is_digit(*at)) ++at;
    return true;
  };
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else if (!digits()) {
    return nullptr;
  }
  if (*at == '.') {
    ++at;
    if (!digits()) return nullptr;
  }
  if (*at == 'e' || *at == 'E') {
    exponent = true;
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!digits()) return nullptr;
  }
  return at;
}

/// Reads one document. Its text lies padded in the arena: names, numbers and strings without escapes are
/// views into it, so that a value costs no copy and no allocation of its own.
class Reader {
 public:
  Reader(std::string_view text, bool escapes, Arena& arena, const JsonLimits& limits, Scratch& scratch)
      : text_(text.data()),
        size_(text.size()),
        next_(scratch.tokens->structural_indexes.get()),
        last_(next_ + scratch.tokens->n_structural_indexes),
        escapes_(escapes),
        arena_(arena),
        limits_(limits),
        items_(scratch.items),
        members_(scratch.members),
        names_(scratch.names) {}

  /// Missing if the text is no JSON, as all that reads here.
  Value read_all() {
    Token next = next_;
    const Value value = read(0, next);
    if (value.is_missing()) return value;
    return next == last_ ? value : fail("text after the value");
  }

  /// Once read_all() gave nothing.
  Error error() const { return invalid(why_); }

 private:
  using Token = const std::uint32_t*;  ///< points to the place of a token's first character

  Value fail(const char* why) {
    why_ = why;
    return {};
  }

  /// The token's first character; NUL behind the last one, where simdjson puts the text's end.
  char peek(Token next) const { return text_[*next]; }

  /// True if the scalar that ends at `end` is not run into by something else.
  bool ends(const char* end) const {
    const char c = *end;
    return c == ',' || c == '}' || c == ']' || is_blank(c) || end == text_ + size_;
  }

  [[gnu::always_inline]] Value word(std::string_view expected, Value value, Token& next) {
    const char* at = text_ + *next++;
    if (!same_bytes(at, expected.data(), expected.size()) || !ends(at + expected.size()))
      return fail("a word that is none of JSON's");
    return value;
  }

  // Values are returned, not written through a reference, and the next token is handed along: both stay in
  // registers. Only what lists and objects read comes back in `next_`.
  [[gnu::always_inline]] Value read(std::size_t depth, Token& next) {
    switch (peek(next)) {
      case '{': {
        const Value made = read_object(depth, next);
        next = next_;
        return made;
      }
      case '[': {
        const Value made = read_array(depth, next);
        next = next_;
        return made;
      }
      case '"': {
        const std::string_view text = read_string(next);
        return text.data() != nullptr ? Value::string(text) : Value();
      }
      case 't':
        return word("true", Value::boolean(true), next);
      case 'f':
        return word("false", Value::boolean(false), next);
      case 'n':
        return word("null", Value::null(), next);
      default:
        return read_number(next);
    }
  }

  /// Of a null pointer if an escape is malformed.
  [[gnu::always_inline]] std::string_view read_string(Token& next) {
    const char* from = text_ + *next++ + 1;
    // Between its end and the next token are only blanks.
    const char* end = text_ + *next - 1;
    while (*end != '"') --end;
    const std::string_view raw(from, static_cast<std::size_t>(end - from));
    return escapes_ ? unescape(raw) : raw;
  }

  [[gnu::noinline]] std::string_view unescape(std::string_view raw) {
    if (raw.find('\\') == std::string_view::npos) return raw;
    char* to = static_cast<char*>(arena_.allocate(raw.size(), 1));
    const char* to_end = unescape_json(raw, to);
    if (to_end != nullptr) return {to, static_cast<std::size_t>(to_end - to)};
    fail("a malformed escape in a string");
    return {};
  }

  [[gnu::always_inline]] Value read_number(Token& next) {
    const char* from = text_ + *next;
    bool exponent = false;
    const char* end = number_end(from, exponent);
    if (next == last_) return fail("the text ends too early");
    ++next;
    if (end == nullptr || !ends(end)) return fail("unknown token or a malformed number");
    const std::string_view raw(from, static_cast<std::size_t>(end - from));
    if (raw.size() > limits_.number_length) return fail("a number of too many characters");
    const Value number = Value::number_text(raw);
    // Without an exponent only a number of hundreds of digits is out of range.
    constexpr std::size_t kSurelyInRange = 300;
    if ((exponent || raw.size() > kSurelyInRange) && std::isinf(number.as_double()))
      return fail("a number out of range");
    return number;
  }

  [[gnu::noinline]] Value read_array(std::size_t depth, Token next) {
    if (depth >= limits_.depth) return fail("nested too deep");
    ++next;
    if (peek(next) == ']') {
      next_ = next + 1;
      return Value::array({});
    }
    const std::size_t from = items_.size();
    while (true) {
      const Value item = read(depth + 1, next);
      if (item.is_missing()) return item;
      items_.emplace(item);
      const char c = peek(next);
      if (c != ',' && c != ']') return fail("neither a comma nor the end of the array");
      ++next;
      if (c == ']') break;
    }
    next_ = next;
    return Value::array(items_.move_from(from, arena_));
  }

  [[gnu::noinline]] Value read_object(std::size_t depth, Token next) {
    if (depth >= limits_.depth) return fail("nested too deep");
    ++next;
    if (peek(next) == '}') {
      next_ = next + 1;
      return Value::object({});
    }
    const std::size_t from = members_.size();
    std::uint64_t taken = 0;
    while (true) {
      if (peek(next) != '"') return fail("no name where one was expected");
      const std::string_view name = read_string(next);
      if (name.data() == nullptr) return {};
      if (++count_ > limits_.members) return fail("too many members");
      if (peek(next) != ':') return fail("no colon behind a name");
      ++next;
      const Value value = read(depth + 1, next);
      if (value.is_missing()) return value;
      if (is_duplicate(name, from, taken)) return fail("a name twice in one object");
      members_.emplace(name, value);
      const char c = peek(next);
      if (c != ',' && c != '}') return fail("neither a comma nor the end of the object");
      ++next;
      if (c == '}') break;
    }
    next_ = next;
    const std::span<const Member> made = members_.move_from(from, arena_);
    if (made.size() > kFew && has_duplicate(made)) return fail("a name twice in one object");
    return Value::object(made);
  }

  /// True if `name` is among the first few members since `from`. `taken` is a mask that most names find free.
  [[gnu::always_inline]] bool is_duplicate(std::string_view name, std::size_t from,
                                           std::uint64_t& taken) const {
    // The character behind the last one is a quote in the text: no need to ask for an empty name.
    const std::size_t sum = name.size() + 7 * static_cast<unsigned char>(*name.data()) +
                            31 * static_cast<unsigned char>(name.data()[name.size() / 2]);
    const std::uint64_t bit = std::uint64_t{1} << (sum & 63);
    const bool maybe = (taken & bit) != 0;
    taken |= bit;
    return maybe && is_among(name, from);
  }

  [[gnu::noinline]] bool is_among(std::string_view name, std::size_t from) const {
    const std::size_t end = std::min(members_.size(), from + kFew);
    for (std::size_t i = from; i < end; ++i) {
      if (members_.at(i)->name == name) return true;
    }
    return false;
  }

  /// Of a large object, by a table: a hostile one must not cost n^2.
  bool has_duplicate(std::span<const Member> members) {
    std::size_t slots = 64;
    while (slots < members.size() * 2) slots *= 2;
    names_.assign(slots, 0);
    for (std::uint32_t i = 0; i < members.size(); ++i) {
      std::size_t at = std::hash<std::string_view>()(members[i].name) & (slots - 1);
      for (; names_[at] != 0; at = (at + 1) & (slots - 1)) {
        if (members[names_[at] - 1].name == members[i].name) return true;
      }
      names_[at] = i + 1;
    }
    return false;
  }

  static constexpr std::size_t kFew = 24;

  const char* text_;
  std::size_t size_;
  const std::uint32_t* next_;  ///< the first token, then the one behind the list or object read last
  const std::uint32_t* last_;
  bool escapes_;  ///< the text holds a backslash somewhere
  Arena& arena_;
  const JsonLimits& limits_;
  Stack<Value>& items_;
  Stack<Member>& members_;
  std::vector<std::uint32_t>& names_;
  std::size_t count_ = 0;
  const char* why_ = "";
};

Result<Value> parse_with(Scratch& scratch, std::string_view text, Arena& arena, const JsonLimits& limits) {
  scratch.items.clear();
  scratch.members.clear();
  // Words are compared and numbers scanned past the end: NULs stand there.
  constexpr std::size_t kPadding = 16;
  char* own = static_cast<char*>(arena.allocate(text.size() + kPadding, 1));
  const bool escapes = copy_and_look(own, text);
  std::memset(own + text.size(), 0, kPadding);
  if (const auto code = scratch.find_tokens(own, text.size())) return invalid(simdjson::error_message(code));
  Reader reader({own, text.size()}, escapes, arena, limits, scratch);
  const Value value = reader.read_all();
  if (value.is_missing()) return reader.error();
  return value;
}

}  // namespace

Result<Value> parse_json(std::string_view text, Arena& arena, const JsonLimits& limits) {
  if (text.size() >= 3 && same_bytes(text.data(), "\xEF\xBB\xBF", 3)) return invalid("a byte order mark");
  constexpr std::size_t kKept = std::size_t{1} << 20;
  if (text.size() > kKept) {
    // Five bytes of tables for each byte of text: not kept.
    Scratch scratch;
    return parse_with(scratch, text, arena, limits);
  }
  thread_local Scratch scratch;
  return parse_with(scratch, text, arena, limits);
}

Result<Document> parse_json(std::string_view text, const JsonLimits& limits) {
  Document document;
  TENON_TRY(document.root, parse_json(text, document.arena, limits));
  return document;
}

}  // namespace tenon
