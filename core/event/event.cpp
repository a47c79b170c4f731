#include "event/event.hpp"

#include <array>

#include "event/outcome.hpp"

namespace tenon {
namespace {

constexpr std::array<std::string_view, 4> kClasses = {"live", "retry", "replay", "reconcile"};
constexpr std::array<std::string_view, 6> kEnds = {"delivered", "skipped",  "superseded",
                                                   "duplicate", "rejected", "exhausted"};
constexpr std::array<std::string_view, 3> kVerdicts = {"delivered", "retry", "rejected"};
constexpr std::array<std::string_view, 10> kCauses = {"none",    "not_sent", "ambiguous", "throttled",
                                                      "auth",    "stale",    "conflict",  "remote_error",
                                                      "invalid", "plugin"};
constexpr std::array<std::string_view, 3> kSent = {"no", "maybe", "yes"};

template <class E, std::size_t N>
std::optional<E> find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(EventClass value) { return kClasses[static_cast<std::size_t>(value)]; }
std::optional<EventClass> event_class_of(std::string_view name) { return find<EventClass>(kClasses, name); }
std::string_view name_of(End value) { return kEnds[static_cast<std::size_t>(value)]; }
std::optional<End> end_of(std::string_view name) { return find<End>(kEnds, name); }
std::string_view name_of(Verdict value) { return kVerdicts[static_cast<std::size_t>(value)]; }
std::string_view name_of(Cause value) { return kCauses[static_cast<std::size_t>(value)]; }
std::string_view name_of(Sent value) { return kSent[static_cast<std::size_t>(value)]; }

}  // namespace tenon
