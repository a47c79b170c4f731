// Scope: the variables that an evaluation gets from outside.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/value.hpp"

namespace tenon::mapping {

/// Variables by name, without `$`. Borrows names and values. A later binding of a name wins.
class Scope {
 public:
  void bind(std::string_view name, Value value) { entries_.push_back({name, value}); }
  /// The value, or nullptr if there is no variable of that name (a bound missing value is one).
  const Value* find(std::string_view name) const {
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
      if (entry->name == name) return &entry->value;
    }
    return nullptr;
  }
  /// For what is bound only a while ($item): `size()` before, `truncate()` after.
  std::size_t size() const { return entries_.size(); }
  void truncate(std::size_t size) { entries_.resize(size); }

 private:
  std::vector<Member> entries_;
};

}  // namespace tenon::mapping
