#include "base/pattern.hpp"

#include <optional>
#include <string>

#include "base/text.hpp"

namespace tenon {
namespace {

constexpr std::size_t kMostStates = 4096;
constexpr unsigned kMostRepeats = 256;
constexpr int kMostDepth = 32;

/// The next code point; well-formed UTF-8 only.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  char32_t code = lead & (0x3Fu >> more);
  for (int i = 0; i < more && at < text.size(); ++i)
    code = (code << 6) | (static_cast<unsigned char>(text[at++]) & 0x3Fu);
  return code;
}

}  // namespace

bool Pattern::Set::holds(char32_t c) const {
  bool in = false;
  if (c < 128) {
    in = ascii[c];
  } else {
    for (const auto& [from, to] : ranges) in = in || (c >= from && c <= to);
  }
  return in != inverted;
}

/// Recursive descent over the pattern to a syntax tree, then Thompson's construction, back to front.
class PatternCompiler {
 public:
  explicit PatternCompiler(std::string_view text) : text_(text) {}

  Result<Pattern> compile() {
    const Node root = alternatives(0);
    if (!error_ && at_ < text_.size()) fail("an unmatched )");
    if (error_) return *error_;
    out_.states_.push_back({Pattern::Op::done, 0, 0, 0});
    out_.first_ = emit(root, 0);
    if (error_) return *error_;
    return std::move(out_);
  }

 private:
  struct Node {
    enum class Type : std::uint8_t { empty, set, start, end, sequence, either, repeat };
    Type type = Type::empty;
    std::uint32_t set = 0;
    unsigned least = 0;
    std::optional<unsigned> most;
    std::vector<Node> children;
  };

  void fail(std::string what) {
    if (!error_)
      error_ = Error("invalid_pattern", std::move(what) + " at character " + std::to_string(at_ + 1));
  }
  bool at_end() const { return error_ || at_ >= text_.size(); }
  bool take(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  Node alternatives(int depth) {
    if (depth > kMostDepth) fail("groups nested too deep");
    Node either;
    either.type = Node::Type::either;
    do {
      either.children.push_back(sequence(depth));
    } while (take('|'));
    return either.children.size() == 1 ? std::move(either.children.front()) : either;
  }

  Node sequence(int depth) {
    Node all;
    all.type = Node::Type::sequence;
    while (!at_end() && text_[at_] != '|' && text_[at_] != ')') all.children.push_back(repeated(depth));
    return all;
  }

  Node repeated(int depth) {
    Node one = atom(depth);
    if (at_end()) return one;
    unsigned least = 0;
    std::optional<unsigned> most;
    if (take('*')) {
    } else if (take('+')) {
      least = 1;
    } else if (take('?')) {
      most = 1;
    } else if (take('{')) {
      bounds(least, most);
    } else {
      return one;
    }
    if (one.type == Node::Type::start || one.type == Node::Type::end) fail("a quantifier after an anchor");
    if (!at_end() && std::string_view("*+?{").find(text_[at_]) != std::string_view::npos)
      fail("a quantifier after a quantifier");
    Node repeat;
    repeat.type = Node::Type::repeat;
    repeat.least = least;
    repeat.most = most;
    repeat.children.push_back(std::move(one));
    return repeat;
  }

  void bounds(unsigned& least, std::optional<unsigned>& most) {
    const auto low = number();
    if (!low) return fail("a { that is no quantifier");
    least = *low;
    most = low;
    if (take(',')) most = number();
    if (!take('}')) return fail("a { that is no quantifier");
    if (least > kMostRepeats || most.value_or(0) > kMostRepeats) return fail("more than 256 repeats");
    if (most && *most < least) fail("bounds in the wrong order");
  }
  std::optional<unsigned> number() {
    std::optional<unsigned> out;
    while (!at_end() && text_[at_] >= '0' && text_[at_] <= '9') {
      out = std::min(out.value_or(0) * 10 + unsigned(text_[at_] - '0'), kMostRepeats + 1);
      ++at_;
    }
    return out;
  }

  Node atom(int depth) {
    Node node;
    if (take('^')) {
      node.type = Node::Type::start;
    } else if (take('$')) {
      node.type = Node::Type::end;
    } else if (take('(')) {
      if (take('?') && !take(':')) fail("a group of a kind that is not supported");
      node = alternatives(depth + 1);
      if (!take(')')) fail("a ( without )");
    } else {
      if (std::string_view("*+?{").find(text_[at_]) != std::string_view::npos)
        fail("a quantifier after nothing");
      node.type = Node::Type::set;
      node.set = one_character();
    }
    return node;
  }

  std::uint32_t one_character() {
    Pattern::Set set;
    if (take('[')) {
      members(set);
    } else if (take('.')) {
      set.inverted = true;
      add(set, '\n', '\n');
      add(set, '\r', '\r');
    } else if (take('\\')) {
      if (const auto literal = escape(set)) add(set, *literal, *literal);
    } else {
      const char32_t c = next_code_point(text_, at_);
      add(set, c, c);
    }
    out_.sets_.push_back(std::move(set));
    return static_cast<std::uint32_t>(out_.sets_.size() - 1);
  }

  void members(Pattern::Set& set) {
    set.inverted = take('^');
    bool first = true;
    while (!at_end() && (first || text_[at_] != ']')) {
      if (text_[at_] == ']') return fail("an empty class");
      first = false;
      const auto from = member(set);
      if (!from) continue;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        const auto to = member(set);
        if (!to || *to < *from) return fail("a range in the wrong order");
        add(set, *from, *to);
      } else {
        add(set, *from, *from);
      }
    }
    if (!take(']')) fail("a [ without ]");
  }
  std::optional<char32_t> member(Pattern::Set& set) {
    if (take('\\')) return escape(set);
    return next_code_point(text_, at_);
  }

  /// A literal, or nothing when a whole class was added.
  std::optional<char32_t> escape(Pattern::Set& set) {
    if (at_end()) {
      fail("a \\ at the end");
      return std::nullopt;
    }
    const char c = text_[at_++];
    if (std::string_view("^$\\.*+?()[]{}|/-").find(c) != std::string_view::npos) return c;
    if (c == 'n') return '\n';
    if (c == 'r') return '\r';
    if (c == 't') return '\t';
    if (!add_class(set, c)) fail("an escape that is not supported");
    return std::nullopt;
  }

  static bool is_in_class(char name, unsigned c) {
    const bool digit = c >= '0' && c <= '9';
    if (name == 'd') return digit;
    if (name == 's') return c == ' ' || (c >= '\t' && c <= '\r');
    return digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static bool add_class(Pattern::Set& set, char name) {
    if (std::string_view("dwsDWS").find(name) == std::string_view::npos) return false;
    const bool inverted = name < 'a';
    const char base = inverted ? static_cast<char>(name + ('a' - 'A')) : name;
    for (unsigned c = 0; c < 128; ++c)
      if (is_in_class(base, c) != inverted) set.ascii.set(c);
    if (inverted) set.ranges.emplace_back(128, 0x10FFFF);
    return true;
  }
  static void add(Pattern::Set& set, char32_t from, char32_t to) {
    for (char32_t c = from; c <= to && c < 128; ++c) set.ascii.set(c);
    if (to >= 128) set.ranges.emplace_back(std::max<char32_t>(from, 128), to);
  }

  std::uint32_t state(Pattern::Op op, std::uint32_t set, std::uint32_t next, std::uint32_t other = 0) {
    if (out_.states_.size() >= kMostStates) {
      fail("a pattern of too many states, seen");
      return 0;
    }
    out_.states_.push_back({op, set, next, other});
    return static_cast<std::uint32_t>(out_.states_.size() - 1);
  }

  /// The states for `node`, leading on to `next`; returns where they begin.
  std::uint32_t emit(const Node& node, std::uint32_t next) {
    // Empty groups take no state: their repeats are bounded here.
    if (++emitted_ > kMostStates * 4) fail("a pattern of too many parts, seen");
    if (error_) return 0;
    switch (node.type) {
      case Node::Type::empty:
        return next;
      case Node::Type::set:
        return state(Pattern::Op::set, node.set, next);
      case Node::Type::start:
        return state(Pattern::Op::start, 0, next);
      case Node::Type::end:
        return state(Pattern::Op::end, 0, next);
      case Node::Type::sequence:
        for (std::size_t i = node.children.size(); i-- > 0;) next = emit(node.children[i], next);
        return next;
      case Node::Type::either: {
        std::uint32_t first = emit(node.children.back(), next);
        for (std::size_t i = node.children.size() - 1; i-- > 0;)
          first = state(Pattern::Op::split, 0, emit(node.children[i], next), first);
        return first;
      }
      case Node::Type::repeat:
        return emit_repeat(node, next);
    }
    return next;
  }
  std::uint32_t emit_repeat(const Node& node, std::uint32_t next) {
    const Node& one = node.children.front();
    std::uint32_t first = next;
    if (!node.most) {
      const std::uint32_t loop = state(Pattern::Op::split, 0, 0, next);
      const std::uint32_t body = emit(one, loop);
      if (error_) return 0;
      out_.states_[loop].next = body;
      first = loop;
    } else {
      for (unsigned i = node.least; i < *node.most && !error_; ++i)
        first = state(Pattern::Op::split, 0, emit(one, first), next);
    }
    for (unsigned i = 0; i < node.least && !error_; ++i) first = emit(one, first);
    return first;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t emitted_ = 0;
  std::optional<Error> error_;
  Pattern out_;
};

Result<Pattern> Pattern::compile(std::string_view text) {
  if (text.size() > 1000) return Error("invalid_pattern", "a pattern of more than 1000 bytes");
  if (!is_utf8(text)) return Error("invalid_pattern", "not UTF-8");
  return PatternCompiler(text).compile();
}

/// All ways at once, a step per character.
class Pattern::Run {
 public:
  explicit Run(const Pattern& pattern) : pattern_(pattern), seen_(pattern.states_.size(), 0) {}

  bool search(std::string_view text) {
    std::size_t at = 0;
    while (true) {
      ++step_;
      for (const auto s : next_) enter(s, at == 0, at == text.size());
      next_.clear();
      enter(pattern_.first_, at == 0, at == text.size());
      if (done_) return true;
      if (at == text.size()) return false;
      const char32_t c = next_code_point(text, at);
      for (const auto s : now_)
        if (pattern_.sets_[pattern_.states_[s].set].holds(c)) next_.push_back(pattern_.states_[s].next);
      now_.clear();
    }
  }

  /// What is alive behind `head`: a match that is done, or one that more text could complete.
  bool survives(std::string_view head) {
    for (std::size_t at = 0;;) {
      ++step_;
      for (const auto s : next_) enter(s, at == 0, false);
      next_.clear();
      // A match may begin at any character, but not where `^` is behind it already.
      enter(pattern_.first_, at == 0, false);
      if (done_) return true;
      if (at == head.size()) return !now_.empty() || ends_;
      const char32_t c = next_code_point(head, at);
      for (const auto s : now_)
        if (pattern_.sets_[pattern_.states_[s].set].holds(c)) next_.push_back(pattern_.states_[s].next);
      now_.clear();
      ends_ = false;
    }
  }

 private:
  /// Follows what needs no character, with a stack of its own.
  void enter(std::uint32_t from, bool start, bool end) {
    stack_.push_back(from);
    while (!stack_.empty()) {
      const std::uint32_t s = stack_.back();
      stack_.pop_back();
      if (seen_[s] == step_) continue;
      seen_[s] = step_;
      const State& state = pattern_.states_[s];
      switch (state.op) {
        case Op::set:
          now_.push_back(s);
          break;
        case Op::split:
          stack_.push_back(state.other);
          stack_.push_back(state.next);
          break;
        case Op::start:
          if (start) stack_.push_back(state.next);
          break;
        case Op::end:
          if (end) stack_.push_back(state.next);
          ends_ = true;
          break;
        case Op::done:
          done_ = true;
          break;
      }
    }
  }

  const Pattern& pattern_;
  std::vector<std::uint64_t> seen_;
  std::vector<std::uint32_t> now_, next_, stack_;
  std::uint64_t step_ = 0;
  bool done_ = false;
  bool ends_ = false;  ///< a `$` was come upon
};

bool Pattern::found_in(std::string_view text) const { return is_utf8(text) && Run(*this).search(text); }

bool Pattern::could_follow(std::string_view head) const {
  return !is_utf8(head) || Run(*this).survives(head);
}

}  // namespace tenon
