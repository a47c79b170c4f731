// Scope: the variables that an evaluation gets from outside.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.hpp"

namespace tenon::mapping {

/// Variables that are made when an expression first reads them.
class LazyVariables {
 public:
  LazyVariables() = default;
  LazyVariables(const LazyVariables&) = delete;
  LazyVariables& operator=(const LazyVariables&) = delete;
  virtual ~LazyVariables() = default;

  /// Found: the value, or why it could not be made.
  struct Made {
    bool found = false;
    Value value;
    std::string code;     ///< empty: it was made
    std::string message;  ///< never holds a value
  };
  /// Called by an evaluation while it runs; may evaluate on the same arena. The value outlives the
  /// evaluation.
  virtual Made make(std::string_view name) = 0;
};

/// Variables by name, without `$`. Borrows names and values. A later binding of a name wins.
class Scope {
 public:
  /// For names that are not bound; outlives the scope. nullptr: none.
  void set_lazy(LazyVariables* lazy) { lazy_ = lazy; }
  LazyVariables* lazy() const { return lazy_; }

  void bind(std::string_view name, Value value) { entries_.push_back({name, value}); }
  /// The value, or nullptr if there is no variable of that name (a bound missing value is one).
  const Value* find(std::string_view name) const {
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
      if (same_text(entry->name, name)) return &entry->value;
    }
    return nullptr;
  }
  /// For what is bound only a while ($item): `size()` before, `truncate()` after.
  std::size_t size() const { return entries_.size(); }
  void truncate(std::size_t size) { entries_.resize(size); }

 private:
  std::vector<Member> entries_;
  LazyVariables* lazy_ = nullptr;
};

}  // namespace tenon::mapping
