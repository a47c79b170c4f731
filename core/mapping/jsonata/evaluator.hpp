// Evaluator: walks a program's tree over values, as the reference's evaluator does.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.hpp"
#include "mapping/jsonata/ast.hpp"
#include "mapping/jsonata/functions.hpp"
#include "mapping/jsonata/strings.hpp"

namespace tenon::mapping::jsonata {

// Flags of arrays, in Value::flags().
inline constexpr std::uint8_t kSequence = 1;       ///< a result sequence: one of one element is that element
inline constexpr std::uint8_t kKeepSingleton = 2;  ///< ... but not this one
inline constexpr std::uint8_t kCons = 4;           ///< constructed in a path: must not be flattened
inline constexpr std::uint8_t kTuples = 8;         ///< a tuple stream: objects of "@" and variables
inline constexpr std::uint8_t kOuter = 16;         ///< wraps an input that is a list

inline constexpr std::uint8_t kUnanswered = 255;  ///< no value at all: the long way has to be gone

inline bool has(Value value, std::uint8_t flag) { return (value.flags() & flag) != 0; }

/// Variables of one block, call or tuple. Lives in the arena, since closures keep it.
struct Frame {
  Frame* parent = nullptr;
  Member* data = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;  ///< 0: `data` is borrowed and must not be written
};

/// What a function value points to. Lives in the arena.
struct Callable {
  enum class Type : std::uint8_t { builtin, partial, lambda, chain, transform, regex, next_match };
  Type type = Type::builtin;
  const Builtin* builtin = nullptr;
  const Node* node = nullptr;  ///< lambda or transform
  Frame* frame = nullptr;
  Value input;                           ///< of a lambda: the context where it was made
  std::span<Node* const> parameters;     ///< of a lambda: those still open
  const Signature* signature = nullptr;  ///< of a lambda
  std::span<const Value> bound;          ///< partial: arguments given
  std::span<const std::uint8_t> open;    ///< partial: which of them are still open
  Value first;                           ///< chain
  Value second;
  const Regex* regex = nullptr;
  std::string_view subject;  ///< next_match
  std::size_t position = 0;
};

inline const Callable& callable(Value function) {
  return *static_cast<const Callable*>(function.as_function());
}

/// Thrown inside an evaluation, never beyond Expression::evaluate.
struct EvaluationFailure {
  EvaluationError error;
};

class Sequence;

class Evaluator {
 public:
  Evaluator(const Program& program, const Scope& scope, Evaluation& evaluation);

  /// Throws EvaluationFailure.
  Value run(Value root);

  Value evaluate(const Node* node, Value input, Frame* frame) {
    if (node->quick && depth_ < quick_depth_) {
      const Value value = evaluate_quick(node, input, frame);
      if (value.flags() != kUnanswered) return value;
    }
    return evaluate_whole(node, input, frame);
  }
  /// Calls a function value; tail calls are unrolled. `input` is the context a builtin may fall back to.
  Value apply(Value function, std::span<const Value> arguments, Value input, Frame* frame);
  /// How many arguments the function wants, as the reference counts them.
  std::size_t arity(Value function) const;
  /// apply() with the value, then its position and the whole, as many as the function takes.
  Value apply_to_item(Value function, Value item, Value position, Value whole);

  [[noreturn]] void fail(std::string code, std::string message) const;
  [[noreturn]] void fail_at(const Node* node, std::string code, std::string message) const;

  void charge(std::size_t steps) {
    if (steps > steps_left_) out_of_steps();
    steps_left_ -= steps;
  }
  /// `count` uninitialised elements, counted against the memory limit.
  template <class T>
  T* allocate(std::size_t count) {
    if (count > (std::size_t{1} << 40)) out_of_memory();
    count_memory(count * sizeof(T));
    return evaluation_.arena.array<T>(count);
  }
  void count_memory(std::size_t bytes) {
    if (bytes > memory_left_) out_of_memory();
    memory_left_ -= bytes;
  }
  void check_string(std::size_t size) const {
    if (size > evaluation_.limits.string) string_too_long();
  }
  /// A string value over `size` bytes that `fill` writes.
  template <class Fill>
  Value make_string(std::size_t size, Fill&& fill) {
    check_string(size);
    charge(size / 64);
    if (size == 0) return Value::string("");
    count_memory(size);
    char* to = static_cast<char*>(arena().allocate(size, 1));
    fill(to);
    return Value::string({to, size});
  }
  /// For recursion that is not counted by Nested.
  void check_depth(std::size_t more) const {
    if (depth_ + more > evaluation_.limits.depth) too_deep();
  }
  /// A string value with its own copy of `text`.
  Value string(std::string_view text);
  Value array(std::span<const Value> items, std::uint8_t flags = 0);
  /// To be filled in, and then made a function value.
  Callable& callable_of(Callable::Type type) {
    Callable* made = new (allocate<Callable>(1)) Callable();
    made->type = type;
    return *made;
  }
  static Value function(const Callable& callable) { return Value::function(&callable); }

  /// True once $eval ran: values may point into programs that end with this evaluator.
  bool has_evaluated() const { return !evaluated_.empty(); }
  Value root() const { return root_; }
  Arena& arena() { return evaluation_.arena; }
  const Evaluation& evaluation() const { return evaluation_; }
  std::uint64_t next_random();
  /// Parses and evaluates a text (for $eval).
  Value evaluate_text(std::string_view text, Value input, Frame* frame);

  /// Bounds recursion over values as over nodes.
  class Nested {
   public:
    explicit Nested(Evaluator& evaluator) : evaluator_(evaluator) {
      if (++evaluator_.depth_ > evaluator_.evaluation_.limits.depth) evaluator_.too_deep();
    }
    ~Nested() { --evaluator_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Evaluator& evaluator_;
  };

  // The parts of the language that functions need too.
  Value lookup(Value input, std::string_view name);
  Value append(Value first, Value second);
  bool truthy(Value value);
  bool equal(Value a, Value b);
  bool is_numeric(Value value) const;  ///< fails for infinities
  /// What $string gives; missing stays missing.
  Value to_string(Value value, bool pretty = false);
  /// to_string's text, appended; nothing for missing.
  void append_string(std::string& out, Value value, bool pretty = false);

  /// Negative, zero or positive; both are strings or both numbers.
  int order_of(Value a, Value b);
  /// The items in a stable order: `after(i, j)` is true if item j comes before item i.
  Value sorted(std::span<const Value> items, FunctionRef<bool(std::size_t, std::size_t)> after);

  const Value* find(Frame* frame, std::string_view name) const;
  void bind(Frame* frame, std::string_view name, Value value);

 private:
  friend class Nested;

  Value evaluate_whole(const Node* node, Value input, Frame* frame);
  Value evaluate_kind(const Node* node, Value input, Frame* frame);
  /// The value of a quick node as evaluate_whole() gives it; kUnanswered if that has to be asked.
  Value evaluate_quick(const Node* node, Value input, Frame* frame);
  /// Follows a path's plain names as long as there are objects to ask.
  struct Followed {
    Value at;
    std::size_t taken;
  };
  Followed follow(const Node* path, Value input, Frame* frame);
  Value normalize(const Node* node, Value result) const;
  /// A sequence of none is missing, one of one is its element.
  static Value collapsed(Value result) {
    return result.is_array() && has(result, kSequence) ? collapsed_sequence(result) : result;
  }
  static Value collapsed_sequence(Value result);
  Value path(const Node* node, Value input, Frame* frame);
  /// The rest of a path from step `first` on, whose input is `at`.
  Value path_from(const Node* node, std::size_t first, Value at, Frame* frame);
  Value characters(Value value);
  static Value sequence_of(Value value, bool last, Value& single);
  Value step(const Node* node, Value input, Frame* frame, bool last, Value& single);
  Value sort_step(const Node* node, Value input, Frame* frame);
  Value tuple_step(const Node* node, Value input, const Value* tuples, Frame* frame);
  Value stages(const Node* node, Value input, Frame* frame);
  Value filter(const Node* predicate, Value input, Frame* frame);
  Value filter_index(double index, Value input);
  Frame* tuple_frame(Frame* parent, Value tuple);
  Value sort(const Node* node, Value input, Frame* frame);

  Value wildcard(Value input);
  Value descendants(Value input);
  void flatten(Value list, Sequence& out);
  void descend(Value value, Sequence& out);
  Value group(const Group& group, Value input, Frame* frame, std::uint32_t offset);
  Value object(const Node* node, Value input, Frame* frame);
  Value object_of_one(const Group& group, Value item, Frame* frame, std::uint32_t offset);
  Value reduce_tuples(std::span<const Value> tuples);
  Value variable(const Node* node, Value input, Frame* frame);
  Value block(const Node* node, Value input, Frame* frame);
  Value condition(const Node* node, Value input, Frame* frame);
  Value construct_array(const Node* node, Value input, Frame* frame);
  Value negate(const Node* node, Value input, Frame* frame);

  Value binary(const Node* node, Value input, Frame* frame);
  double operand(const Node* node, Value value, bool left);
  Value concat(Value left, Value right);
  Value arithmetic(const Node* node, Value left, Value right);
  Value compare(const Node* node, Value left, Value right);
  Value range(const Node* node, Value left, Value right);
  bool contains(Value list, Value item);

  Value call(const Node* node, Value input, Frame* frame, const Value* piped);
  Value pipe(const Node* node, Value input, Frame* frame);
  Value partial(const Node* node, Value input, Frame* frame);
  Value partial_again(const Callable& whole, std::span<const Value> bound,
                      std::span<const std::uint8_t> open);
  Value make_lambda(const Node* node, Value input, Frame* frame);
  Value apply_once(Value function, std::span<const Value> arguments, Value input, Frame* frame);
  Value apply_lambda(const Callable& lambda, std::span<const Value> arguments);
  Value apply_builtin(const Builtin& builtin, const Signature* signature, std::span<const Value> arguments,
                      Value input, Frame* frame);
  Value apply_partial(const Callable& partial, std::span<const Value> arguments, Frame* frame);
  Value apply_transform(const Callable& transform, std::span<const Value> arguments);
  std::span<const Value> checked(const Signature& signature, std::string_view name,
                                 std::span<const Value> arguments, Value input);

  [[noreturn]] void out_of_steps() const;
  [[noreturn]] void out_of_memory() const;
  [[noreturn]] void string_too_long() const;
  [[noreturn]] void too_deep() const;

  const Scope& scope_;
  Evaluation& evaluation_;
  const Program& program_;
  Value root_;
  Frame* base_ = nullptr;
  const Node* site_ = nullptr;  ///< the call being made; errors of builtins point there
  std::size_t steps_left_;
  std::size_t memory_left_;
  std::size_t depth_ = 0;
  std::size_t quick_depth_;  ///< from this depth on nothing goes the short way: 0 while a trace is told
  std::span<const Value> appended_;  ///< what append() made last, with room behind it
  std::size_t appended_capacity_ = 0;
  std::uint64_t random_;
  std::vector<std::shared_ptr<const Program>> evaluated_;  ///< of $eval; closures point into them
};

/// A list that grows in the arena.
class Sequence {
 public:
  explicit Sequence(Evaluator& evaluator) : evaluator_(evaluator) {}

  /// Room for as many, if it is empty and they are not very many.
  void expect(std::size_t size) {
    constexpr std::size_t kMost = 64;
    if (capacity_ == 0 && size > 0 && size <= kMost) grow(size);
  }
  void push(Value value) {
    if (size_ == capacity_) grow(capacity_ == 0 ? 4 : capacity_ * 2);
    new (data_ + size_++) Value(value);
  }
  void push_all(std::span<const Value> values);
  std::size_t size() const { return size_; }
  std::span<const Value> items() const { return {data_, size_}; }
  Value value(std::uint8_t flags = kSequence) const { return Value::array(items()).with_flags(flags); }

 private:
  void grow(std::size_t capacity);

  Evaluator& evaluator_;
  Value* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Members by name, in order of their first appearance; a later value replaces an earlier one.
class Members {
 public:
  explicit Members(Evaluator& evaluator) : evaluator_(evaluator) {}
  void set(std::string_view name, Value value);
  void remove(std::string_view name);
  /// nullptr if absent; valid until the next set().
  Value* find(std::string_view name);
  std::size_t size() const { return members_.size(); }
  Value value();

 private:
  void index();

  Evaluator& evaluator_;
  std::vector<Member> members_;
  std::vector<std::uint32_t> slots_;  ///< open addressing, once there are many
};

}  // namespace tenon::mapping::jsonata
