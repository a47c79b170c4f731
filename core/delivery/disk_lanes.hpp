// DiskLanes: the lanes of one pipeline of which nothing is in memory but where they stand on disk, and until
// when they rest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "event/event.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// Sixteen bytes an event, so that a million keys that rest take little more than a thousand. A lane is known
/// by a hash of its name: two names that share one wait for each other, and nothing else comes of it. One
/// thread; no clock of its own, times are wall milliseconds.
class DiskLanes {
 public:
  using Lane = std::uint64_t;
  static Lane of(std::string_view name);

  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  /// The lane rests until then, by the second and never less. `seqs`: its head and what is behind it; they
  /// are served as `head` is.
  void rest(Lane lane, EventClass head, std::int64_t until_ms, const std::vector<journal::Seq>& seqs);
  bool holds(Lane lane) const { return count(lane) > 0; }
  /// Events of the lane.
  std::size_t count(Lane lane) const;
  /// One more behind those of a lane that is held.
  void add(Lane lane, journal::Seq seq);

  struct Due {
    std::vector<Lane> lanes;
    std::vector<journal::Seq> seqs;  ///< all events of these lanes, ascending
  };
  /// At most so many lanes whose time has come, and not many more events, the better classes first. They are
  /// held still, as lanes that come, until `came`.
  Due take_due(std::int64_t now_ms, std::size_t most);
  /// One that does not come yet comes now; `until_ms` gets when it would have.
  Due take_now(Lane lane, std::int64_t& until_ms);
  /// When `take_due` may next give something; `kNever` if nothing rests.
  std::int64_t next_due_ms() const;
  /// What was taken of a lane is in memory. Gives what was added meanwhile: the lane comes again with it, and
  /// is held no longer if that is nothing.
  std::vector<journal::Seq> came(Lane lane);
  /// What was taken could not be read: the lane rests again.
  void rest_again(Lane lane, std::int64_t until_ms);
  bool comes(Lane lane) const;

  std::size_t size() const { return size_; }  ///< events
  bool empty() const { return size_ == 0; }

 private:
  static constexpr std::size_t kParts = 1024;
  static constexpr std::size_t kRanks = 3;  ///< what is live or was tried, replays, what is reconciled
  /// Of an event: its lane, less what its part says; and of a head the rank and the time, by the second.
  struct Entry {
    std::uint32_t lane;
    std::uint32_t rank : 2;
    std::uint32_t due : 30;
    journal::Seq seq;
  };
  static_assert(sizeof(Entry) == 16);
  static constexpr std::uint32_t kNoHead = kRanks;  ///< as a rank; `due` is then one of these two
  static constexpr std::uint32_t kBehind = 0;
  static constexpr std::uint32_t kComes = 1;
  using Part = std::vector<Entry>;

  static std::uint32_t seconds(std::int64_t ms);
  static std::size_t part_of(Lane lane) { return lane % kParts; }
  static std::uint32_t rest_of(Lane lane) { return static_cast<std::uint32_t>(lane / kParts); }
  static Lane lane_of(std::size_t part, const Entry& entry) { return Lane{entry.lane} * kParts + part; }
  static void put(Part& part, Entry entry);
  template <class Wanted>
  std::vector<journal::Seq> remove(Lane lane, Wanted&& wanted);
  bool look_through(std::size_t rank, std::uint32_t now, std::size_t most, Due& due);
  void mark_coming(Lane lane, std::vector<journal::Seq>& seqs);

  std::vector<Part> parts_;  ///< none while it was never used
  std::size_t size_ = 0;
  std::array<std::size_t, kRanks> from_{};  ///< part at which the next look begins, so that all have turns
  std::array<std::uint32_t, kRanks> next_due_{};  ///< nothing of that rank is due before; 0: look
};

}  // namespace tenon::delivery
