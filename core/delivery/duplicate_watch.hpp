// DuplicateWatch: searches once more after a create that might be the second one, and tells of what it finds.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

/// Runs on the delivery executor. What waits is forgotten when the host stops: the next start does not look.
class DuplicateWatch {
 public:
  explicit DuplicateWatch(runtime::Runtime& runtime) : runtime_(runtime) {}
  ~DuplicateWatch();
  DuplicateWatch(const DuplicateWatch&) = delete;
  DuplicateWatch& operator=(const DuplicateWatch&) = delete;

  /// Searches when a create of `operation` can be seen, and again when one that was under way before it can
  /// take effect no more. More than one match is an error line `duplicate_at_sink` and a count of that name.
  /// `sink` outlives the watch.
  void watch(plugin::Instance& sink, std::string operation, std::string record);

  std::size_t waiting() const { return timers_.size(); }

 private:
  struct Subject {
    plugin::Instance& sink;
    std::string operation;
    std::string record;
    bool told = false;
  };

  void look_after(runtime::Duration delay, std::shared_ptr<Subject> subject);
  static void look(const std::shared_ptr<Subject>& subject);

  runtime::Runtime& runtime_;
  std::set<runtime::TimerId> timers_;
};

}  // namespace tenon::delivery
