// The transform operator: a copy of a value with some of its objects changed.
#include <algorithm>
#include <unordered_map>
#include <vector>

#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {
namespace {

std::string found(Value value) { return ", found " + std::string(name_of(value.kind())); }

/// Copies of a tree in which each object has members of its own, so that they tell objects apart.
class Cloner {
 public:
  using Changes = std::unordered_map<const Member*, Value>;
  explicit Cloner(Evaluator& evaluator) : evaluator_(evaluator) {}

  Value clone(Value value) {
    if (value.is_function()) return evaluator_.string("");
    if (!value.is_array() && !value.is_object()) return value;
    const Evaluator::Nested nested(evaluator_);
    evaluator_.charge(1 + value.size() / 4);
    if (value.is_array()) {
      if (has(value, kOuter) && value.size() > 0) return clone(value.items()[0]);
      Sequence made(evaluator_);
      for (const Value item : value.items()) made.push(clone(item));
      return made.value(0);
    }
    // One member more than needed: an empty object has an address of its own too.
    Member* members = evaluator_.allocate<Member>(value.size() + 1);
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Member& member = value.members()[i];
      new (members + i) Member{member.name, clone(member.value)};
    }
    return Value::object({members, value.size()});
  }
  /// `value` with the changed objects in place of the old ones. What holds no changed one stays the same
  /// object, so that it can still be told apart.
  Value changed(Value value, const Changes& changes) {
    if (changes.empty() || (!value.is_array() && !value.is_object())) return value;
    const Evaluator::Nested nested(evaluator_);
    evaluator_.charge(1 + value.size() / 4);
    if (value.is_array()) {
      Sequence made(evaluator_);
      bool same = true;
      for (const Value item : value.items()) {
        made.push(changed(item, changes));
        same = same && is_same(item, made.items().back());
      }
      return same ? value : made.value(value.flags());
    }
    const Member* const before = value.members().data();
    const auto change = changes.find(before);
    // What an update puts of an object into itself is the object as it was.
    const bool replaced = change != changes.end() &&
                          std::find(replacing_.begin(), replacing_.end(), before) == replacing_.end();
    if (replaced) {
      value = change->second;
      replacing_.push_back(before);
    }
    Members made(evaluator_);
    bool same = true;
    for (const Member& member : value.members()) {
      const Value now = changed(member.value, changes);
      made.set(member.name, now);
      same = same && is_same(member.value, now);
    }
    if (replaced) replacing_.pop_back();
    return same ? value : made.value();
  }

 private:
  static bool is_same(Value a, Value b) {
    if (a.kind() != b.kind()) return false;
    if (a.is_array()) return a.items().data() == b.items().data();
    return !a.is_object() || a.members().data() == b.members().data();
  }

  Evaluator& evaluator_;
  std::vector<const Member*> replacing_;  ///< objects whose change is being written
};

}  // namespace

Value Evaluator::apply_transform(const Callable& transform, std::span<const Value> arguments) {
  const Node* node = transform.node;
  if (arguments.empty() || arguments[0].is_missing()) return {};
  Value object = arguments[0];
  if (!object.is_object() && !object.is_array()) {
    fail("T0410", "a transform takes an object or an array" + found(object));
  }
  if (const Value* clone = find(transform.frame, "clone")) {
    if (!clone->is_function()) fail_at(node, "T2013", "$clone has been overridden by a non-function");
    object = apply(*clone, {&object, 1}, Value::null(), transform.frame);
  }
  Cloner cloner(*this);
  object = cloner.clone(object);
  const Value matches = evaluate(node->lhs, object, transform.frame);
  if (matches.is_missing()) return object;
  Cloner::Changes changes;
  for (const Value match : matches.is_array() ? matches.items() : std::span<const Value>(&matches, 1)) {
    const Value context = cloner.changed(match, changes);
    const Value update = evaluate(node->rhs, context, transform.frame);
    if (!update.is_missing() && !update.is_object()) {
      fail_at(node->rhs, "T2011", "the update clause of a transform must give an object" + found(update));
    }
    Members made(*this);
    for (const Member& member : context.is_object() ? context.members() : std::span<const Member>()) {
      made.set(member.name, member.value);
    }
    for (const Member& member : update.is_object() ? update.members() : std::span<const Member>()) {
      made.set(member.name, member.value);
    }
    if (node->third != nullptr) {
      // Deletions see what was updated.
      const Value updated = context.is_object() ? made.value() : context;
      const Value names = evaluate(node->third, updated, transform.frame);
      for (const Value name : names.is_array()     ? names.items()
                              : names.is_missing() ? std::span<const Value>()
                                                   : std::span<const Value>(&names, 1)) {
        if (!name.is_string()) {
          fail_at(node->third, "T2012", "the delete clause of a transform must give strings" + found(name));
        }
        made.remove(name.as_string());
      }
    }
    if (context.is_object()) changes[match.members().data()] = made.value();
  }
  return cloner.changed(object, changes);
}

}  // namespace tenon::mapping::jsonata
