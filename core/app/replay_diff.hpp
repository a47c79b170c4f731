// Differences between what stored events come to on two sides, told once for all events that show them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/value.hpp"

namespace tenon::app {

/// One difference, and how many events show it.
struct DiffGroup {
  std::string action;
  std::string path;            ///< of the record: `lines[].sku`; empty: of the action as a whole
  std::string before, after;   ///< kinds of the values (`null`, `string`), or what becomes of the action
  bool another_value = false;  ///< of one kind, and not the same
  std::uint64_t events = 0;
  std::string seq, id;                        ///< of the first of them
  std::string before_example, after_example;  ///< its values as JSON, or reasons

  /// `note: "name" from null to string`.
  std::string text() const;
};

/// What is compared with what.
enum class DiffSides : std::uint8_t {
  now_and_with,  ///< the records of two definitions
  then_and_now,  ///< what was said to the sink then, and what would be said now
};

class ReplayDiff {
 public:
  explicit ReplayDiff(DiffSides sides) : sides_(sides) {}

  /// One event of the host's answer to a dry run.
  void add(Value event);

  /// The ones that most events show first; at most 1,000, what comes after is told as one.
  std::vector<DiffGroup> groups() const;
  std::uint64_t events() const { return events_; }
  std::uint64_t unchanged() const { return unchanged_; }
  /// Events of which a part could not be compared: what was said then was not kept whole.
  std::uint64_t not_compared() const { return not_compared_; }
  /// What would become of them: by action and word, so many events.
  const std::map<std::string, std::map<std::string, std::uint64_t>>& would() const { return would_; }

 private:
  /// What one side makes of one action.
  struct Side {
    bool there = false;
    std::string state;  ///< send, done, unknown, an end
    std::string how, reason, operation, account;
    Value record, said;
    bool makes_record() const { return !record.is_missing(); }
  };
  static Side side_of(Value side, std::string_view action);
  static std::string words_of(const Side& side, bool then);
  void compare(const std::string& action, const Side& before, const Side& after);
  void compare_with_then(const std::string& action, const Side& before, const Side& after);
  void compare_said(const std::string& action, const Side& before, const Side& after);
  void compare_values(const std::string& action, const std::string& path, Value before, Value after);
  void count_would(const std::string& action, const Side& side);
  void note(const std::string& action, const std::string& path, std::string before, std::string after,
            std::string before_example, std::string after_example, bool another_value = false);

  DiffSides sides_;
  std::map<std::string, DiffGroup> groups_;
  std::map<std::string, std::map<std::string, std::uint64_t>> would_;
  std::uint64_t events_ = 0;
  std::uint64_t unchanged_ = 0;
  std::uint64_t not_compared_ = 0;
  // Of the event that is being added.
  Value event_;
  std::set<std::string> noted_;
  bool cut_ = false;
};

}  // namespace tenon::app
