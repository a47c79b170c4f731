// What operators and functions share: text of values, equality, lookup, growing lists.
#include <algorithm>
#include <cmath>

#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/strings.hpp"

namespace tenon::mapping::jsonata {

Value Evaluator::string(std::string_view text) {
  check_string(text.size());
  charge(text.size() / 64);
  count_memory(text.size());
  return Value::string(arena().copy(text));
}

Value Evaluator::array(std::span<const Value> items, std::uint8_t flags) {
  return Value::array(items).with_flags(flags);
}

bool Evaluator::is_numeric(Value value) const {
  if (!value.is_number()) return false;
  const double number = value.as_double();
  if (std::isinf(number)) fail("D1001", "a number is out of range");
  return !std::isnan(number);
}

Value Evaluator::lookup(Value input, std::string_view name) {
  if (input.is_object()) {
    charge(input.size() / 32);
    return input.get(name);
  }
  if (!input.is_array()) return {};
  const Nested nested(*this);
  charge(input.size() / 4);
  Sequence made(*this);
  for (const Value item : input.items()) {
    const Value found = lookup(item, name);
    if (found.is_array()) {
      made.push_all(found.items());
    } else if (!found.is_missing()) {
      made.push(found);
    }
  }
  return made.value();
}

Value Evaluator::append(Value first, Value second) {
  if (first.is_missing()) return second;
  if (second.is_missing()) return first;
  const std::span<const Value> more = second.is_array() ? second.items() : std::span<const Value>(&second, 1);
  const std::span<const Value> before = first.is_array() ? first.items() : std::span<const Value>(&first, 1);
  const std::size_t size = before.size() + more.size();
  charge(more.size() / 16);
  // The list that was appended to last has room behind its end, which no other value can see: a list that is
  // built one by one costs linear time and memory.
  if (before.data() != appended_.data() || before.size() != appended_.size() || size > appended_capacity_) {
    charge(before.size() / 16);
    appended_capacity_ = std::max<std::size_t>(4, size + size / 2);
    Value* data = allocate<Value>(appended_capacity_);
    std::uninitialized_copy(before.begin(), before.end(), data);
    appended_ = {data, before.size()};
  }
  std::uninitialized_copy(more.begin(), more.end(), const_cast<Value*>(appended_.data()) + appended_.size());
  appended_ = {appended_.data(), size};
  return array(appended_);
}

bool Evaluator::truthy(Value value) {
  switch (value.kind()) {
    case Kind::boolean:
      return value.as_boolean();
    case Kind::number:
      return is_numeric(value) && value.as_double() != 0;
    case Kind::string:
    case Kind::object:
      return value.size() > 0;
    case Kind::array: {
      const Nested nested(*this);
      for (const Value item : value.items()) {
        charge(1);
        if (truthy(item)) return true;
      }
      return false;
    }
    default:
      return false;
  }
}

bool Evaluator::equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    if (a.size() != b.size()) return false;
    const Nested nested(*this);
    charge(1 + a.size() / 8);
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!equal(a.items()[i], b.items()[i])) return false;
    }
    return true;
  }
  if (a.is_object()) {
    if (a.size() != b.size()) return false;
    const Nested nested(*this);
    for (const Member& member : a.members()) {
      charge(1 + b.size() / 32);
      const Member* other = nullptr;
      for (const Member& candidate : b.members()) {
        if (candidate.name == member.name) other = &candidate;
      }
      if (other == nullptr || !equal(member.value, other->value)) return false;
    }
    return true;
  }
  if (a.is_function()) {
    const bool builtins =
        callable(a).type == Callable::Type::builtin && callable(b).type == Callable::Type::builtin;
    return builtins ? callable(a).builtin == callable(b).builtin : a.as_function() == b.as_function();
  }
  if (a.is_string()) charge(a.size() / 64);
  return tenon::equal(a, b);
}

namespace {

/// Bounds what $string may walk and make.
class Bounds final : public WriteBounds {
 public:
  explicit Bounds(Evaluator& evaluator) : evaluator_(evaluator) {}
  void item(std::size_t size, std::size_t depth) override {
    evaluator_.charge(1);
    evaluator_.check_string(size);
    evaluator_.check_depth(depth);
  }

 private:
  Evaluator& evaluator_;
};

}  // namespace

void Evaluator::append_string(std::string& out, Value value, bool pretty) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::function:
      return;
    case Kind::string:
      out += value.as_string();
      return;
    case Kind::number:
      if (!std::isfinite(value.as_double())) fail("D3001", "attempted to make a string of Infinity or NaN");
      break;
    case Kind::array:
      if (has(value, kOuter) && value.size() > 0) value = value.items()[0];
      break;
    default:
      break;
  }
  Bounds bounds(*this);
  if (!append_text(out, value, pretty, &bounds)) fail("D1001", "a number is out of range");
  check_string(out.size());
}

Value Evaluator::to_string(Value value, bool pretty) {
  if (value.is_missing()) return {};
  if (value.is_string()) return value;
  std::string out;
  append_string(out, value, pretty);
  return string(out);
}

void Sequence::grow(std::size_t capacity) {
  Value* data = evaluator_.allocate<Value>(capacity);
  std::uninitialized_copy(data_, data_ + size_, data);
  data_ = data;
  capacity_ = capacity;
}

void Sequence::push_all(std::span<const Value> values) {
  if (values.empty()) return;
  evaluator_.charge(values.size() / 16);
  if (size_ + values.size() > capacity_) grow(std::max(size_ + values.size(), capacity_ * 2));
  std::uninitialized_copy(values.begin(), values.end(), data_ + size_);
  size_ += values.size();
}

namespace {

constexpr std::size_t kSmall = 16;
constexpr std::uint32_t kFree = 0xffffffffU;

}  // namespace

void Members::index() {
  slots_.assign(std::max<std::size_t>(64, members_.size() * 4), kFree);
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    std::size_t at = std::hash<std::string_view>()(members_[i].name) % slots_.size();
    while (slots_[at] != kFree) at = (at + 1) % slots_.size();
    slots_[at] = i;
  }
}

Value* Members::find(std::string_view name) {
  if (members_.size() < kSmall) {
    for (Member& member : members_) {
      if (same_text(member.name, name)) return &member.value;
    }
    return nullptr;
  }
  if (slots_.size() < members_.size() * 2) index();
  std::size_t at = std::hash<std::string_view>()(name) % slots_.size();
  for (; slots_[at] != kFree; at = (at + 1) % slots_.size()) {
    if (members_[slots_[at]].name == name) return &members_[slots_[at]].value;
  }
  return nullptr;
}

void Members::set(std::string_view name, Value value) {
  evaluator_.charge(members_.size() >= kSmall ? 1 : 0);
  if (Value* found = find(name)) {
    *found = value;
    return;
  }
  members_.push_back({name, value});
  if (slots_.empty()) return;
  std::size_t at = std::hash<std::string_view>()(name) % slots_.size();
  while (slots_[at] != kFree) at = (at + 1) % slots_.size();
  slots_[at] = static_cast<std::uint32_t>(members_.size() - 1);
}

void Members::remove(std::string_view name) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].name != name) continue;
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(i));
    slots_.clear();
    return;
  }
}

Value Members::value() {
  Member* to = evaluator_.allocate<Member>(members_.size());
  std::uninitialized_copy(members_.begin(), members_.end(), to);
  return Value::object({to, members_.size()});
}

}  // namespace tenon::mapping::jsonata
