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

namespace tenon {
namespace {

Error invalid(std::string what) { return {"invalid_json", std::move(what)}; }

/// A stack whose memory stays for the next document.
template <class T>
class Stack {
 public:
  std::size_t size() const { return size_; }
  T* at(std::size_t i) { return data_.get() + i; }
  void clear() { size_ = 0; }
  void resize(std::size_t size) { size_ = size; }
  void push(const T& value) {
    if (size_ == capacity_) grow();
    data_[size_++] = value;
  }

 private:
  void grow() {
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

/// The end of the JSON number (RFC 8259, section 6) at `at`; nullptr if there is none. What follows may be
/// anything; the text ends in a NUL.
const char* number_end(const char* at) {
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
  Reader(std::string_view text, Arena& arena, const JsonLimits& limits, Scratch& scratch)
      : text_(text.data()),
        size_(text.size()),
        next_(scratch.tokens->structural_indexes.get()),
        last_(next_ + scratch.tokens->n_structural_indexes),
        escapes_(std::memchr(text.data(), '\\', text.size()) != nullptr),
        arena_(arena),
        limits_(limits),
        items_(scratch.items),
        members_(scratch.members),
        names_(scratch.names) {}

  bool read_all(Value& out) {
    if (!read(0, out)) return false;
    return next_ == last_ || fail("text after the value");
  }

  /// Once read_all() was false.
  Error error() const { return invalid(why_); }

 private:
  bool fail(const char* why) {
    why_ = why;
    return false;
  }

  /// The token's first character; NUL behind the last one, where simdjson puts the text's end.
  char peek() const { return text_[*next_]; }

  /// True if the scalar that ends at `end` is not run into by something else.
  bool ends(const char* end) const {
    const char c = *end;
    return is_blank(c) || c == ',' || c == '}' || c == ']' || end == text_ + size_;
  }

  bool word(std::string_view expected, Value value, Value& out) {
    const char* at = text_ + *next_++;
    if (std::memcmp(at, expected.data(), expected.size()) != 0 || !ends(at + expected.size()))
      return fail("a word that is none of JSON's");
    out = value;
    return true;
  }

  [[gnu::always_inline]] bool read(std::size_t depth, Value& out) {
    switch (peek()) {
      case '{':
        return read_object(depth, out);
      case '[':
        return read_array(depth, out);
      case '"': {
        std::string_view text;
        if (!read_string(text)) return false;
        out = Value::string(text);
        return true;
      }
      case 't':
        return word("true", Value::boolean(true), out);
      case 'f':
        return word("false", Value::boolean(false), out);
      case 'n':
        return word("null", Value::null(), out);
      default:
        return read_number(out);
    }
  }

  [[gnu::always_inline]] bool read_string(std::string_view& out) {
    const char* from = text_ + *next_++ + 1;
    // Between its end and the next token are only blanks.
    const char* end = text_ + *next_ - 1;
    while (*end != '"') --end;
    out = {from, static_cast<std::size_t>(end - from)};
    return !escapes_ || unescape(out);
  }

  [[gnu::noinline]] bool unescape(std::string_view& out) {
    if (out.find('\\') == std::string_view::npos) return true;
    char* to = static_cast<char*>(arena_.allocate(out.size(), 1));
    const char* to_end = unescape_json(out, to);
    if (to_end == nullptr) return fail("a malformed escape in a string");
    out = {to, static_cast<std::size_t>(to_end - to)};
    return true;
  }

  bool read_number(Value& out) {
    const char* from = text_ + *next_;
    const char* end = number_end(from);
    if (next_ == last_) return fail("the text ends too early");
    ++next_;
    if (end == nullptr || !ends(end)) return fail("unknown token or a malformed number");
    const std::string_view raw(from, static_cast<std::size_t>(end - from));
    if (raw.size() > limits_.number_length) return fail("a number of too many characters");
    out = Value::number_text(raw);
    // Without an exponent only a number of hundreds of digits is out of range.
    constexpr std::size_t kSurelyInRange = 300;
    constexpr std::size_t kLeastWithExponent = 5;
    if (raw.size() >= kLeastWithExponent) {
      const bool may_overflow =
          raw.size() > kSurelyInRange || raw.find_first_of("eE") != std::string_view::npos;
      if (may_overflow && std::isinf(out.as_double())) return fail("a number out of range");
    }
    return true;
  }

  [[gnu::noinline]] bool read_array(std::size_t depth, Value& out) {
    if (depth >= limits_.depth) return fail("nested too deep");
    ++next_;
    if (peek() == ']') {
      ++next_;
      out = Value::array({});
      return true;
    }
    const std::size_t from = items_.size();
    while (true) {
      Value item;
      if (!read(depth + 1, item)) return false;
      items_.push(item);
      const char c = peek();
      if (c != ',' && c != ']') return fail("neither a comma nor the end of the array");
      ++next_;
      if (c == ']') break;
    }
    const std::size_t size = items_.size() - from;
    Value* to = arena_.array<Value>(size);
    std::uninitialized_copy_n(items_.at(from), size, to);
    items_.resize(from);
    out = Value::array({to, size});
    return true;
  }

  [[gnu::noinline]] bool read_object(std::size_t depth, Value& out) {
    if (depth >= limits_.depth) return fail("nested too deep");
    ++next_;
    if (peek() == '}') {
      ++next_;
      out = Value::object({});
      return true;
    }
    const std::size_t from = members_.size();
    while (true) {
      Member member{{}, {}};
      if (peek() != '"') return fail("no name where one was expected");
      if (!read_string(member.name)) return false;
      if (++count_ > limits_.members) return fail("too many members");
      if (peek() != ':') return fail("no colon behind a name");
      ++next_;
      if (!read(depth + 1, member.value)) return false;
      members_.push(member);
      const char c = peek();
      if (c != ',' && c != '}') return fail("neither a comma nor the end of the object");
      ++next_;
      if (c == '}') break;
    }
    const std::size_t size = members_.size() - from;
    const std::span<const Member> made(members_.at(from), size);
    if (has_duplicate(made)) return fail("a name twice in one object");
    Member* to = arena_.array<Member>(size);
    std::uninitialized_copy_n(made.begin(), size, to);
    members_.resize(from);
    out = Value::object({to, size});
    return true;
  }

  /// Small objects by a mask that most names find free, large ones by a table: a hostile one must not cost
  /// n^2.
  bool has_duplicate(std::span<const Member> members) {
    constexpr std::size_t kSmall = 24;
    if (members.size() > kSmall) return has_duplicate_hashed(members);
    std::uint64_t taken = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::string_view name = members[i].name;
      // The character behind the last one is a quote in the text: no need to ask for an empty name.
      const std::size_t sum = name.size() + 7 * static_cast<unsigned char>(*name.data()) +
                              31 * static_cast<unsigned char>(name.data()[name.size() / 2]);
      const std::uint64_t bit = std::uint64_t{1} << (sum & 63);
      if ((taken & bit) != 0) {
        for (std::size_t j = 0; j < i; ++j) {
          if (members[j].name == name) return true;
        }
      }
      taken |= bit;
    }
    return false;
  }

  bool has_duplicate_hashed(std::span<const Member> members) {
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

  const char* text_;
  std::size_t size_;
  const std::uint32_t* next_;
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
  if (!text.empty()) std::memcpy(own, text.data(), text.size());
  std::memset(own + text.size(), 0, kPadding);
  if (const auto code = scratch.find_tokens(own, text.size())) return invalid(simdjson::error_message(code));
  Reader reader({own, text.size()}, arena, limits, scratch);
  Value value;
  if (!reader.read_all(value)) return reader.error();
  return value;
}

}  // namespace

Result<Value> parse_json(std::string_view text, Arena& arena, const JsonLimits& limits) {
  if (text.size() >= 3 && std::memcmp(text.data(), "\xEF\xBB\xBF", 3) == 0)
    return invalid("a byte order mark");
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
