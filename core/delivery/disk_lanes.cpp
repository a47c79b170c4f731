#include "delivery/disk_lanes.hpp"

#include <algorithm>

namespace tenon::delivery {
namespace {

constexpr std::int64_t kBaseMs = 1'735'689'600'000;  // 2025-01-01; 30 bits of seconds reach to 2059
constexpr std::uint32_t kLast = (std::uint32_t{1} << 30) - 1;
constexpr std::size_t kMostAtOnce = 256;  // events that are read in one go

}  // namespace

/// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), its bits mixed once more: the part is the lowest of
/// them. 42 bits are used.
DiskLanes::Lane DiskLanes::of(std::string_view name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  hash ^= hash >> 32;
  return hash & ((Lane{1} << 42) - 1);
}

std::uint32_t DiskLanes::seconds(std::int64_t ms) {
  const std::int64_t up = (std::max(ms, kBaseMs) - kBaseMs + 999) / 1000;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(up, kLast));
}

/// Grows by an eighth: doubling would take twice the memory for a while, and leave half of it unused.
void DiskLanes::put(Part& part, Entry entry) {
  if (part.size() == part.capacity()) part.reserve(part.size() + part.size() / 8 + 4);
  part.push_back(entry);
}

void DiskLanes::rest(Lane lane, EventClass head, std::int64_t until_ms,
                     const std::vector<journal::Seq>& seqs) {
  if (parts_.empty()) parts_.resize(kParts);
  const std::uint32_t rank = head == EventClass::replay ? 1 : head == EventClass::reconcile ? 2 : 0;
  const std::uint32_t due = seconds(until_ms);
  Part& part = parts_[part_of(lane)];
  bool first = true;
  for (const journal::Seq seq : seqs) {
    put(part, {rest_of(lane), first ? rank : kNoHead, first ? due : kBehind, seq});
    first = false;
  }
  size_ += seqs.size();
  next_due_[rank] = std::min(next_due_[rank], due);
}

std::size_t DiskLanes::count(Lane lane) const {
  if (size_ == 0) return 0;
  const Part& part = parts_[part_of(lane)];
  return static_cast<std::size_t>(std::count_if(
      part.begin(), part.end(), [rest = rest_of(lane)](const Entry& entry) { return entry.lane == rest; }));
}

bool DiskLanes::comes(Lane lane) const {
  if (size_ == 0) return false;
  const Part& part = parts_[part_of(lane)];
  return std::any_of(part.begin(), part.end(), [rest = rest_of(lane)](const Entry& entry) {
    return entry.lane == rest && entry.rank == kNoHead && entry.due == kComes;
  });
}

void DiskLanes::add(Lane lane, journal::Seq seq) {
  Part& part = parts_[part_of(lane)];
  const bool known = std::any_of(part.begin(), part.end(), [&](const Entry& entry) {
    return entry.lane == rest_of(lane) && entry.seq == seq;
  });
  if (known) return;
  put(part, {rest_of(lane), kNoHead, kBehind, seq});
  ++size_;
}

template <class Wanted>
std::vector<journal::Seq> DiskLanes::remove(Lane lane, Wanted&& wanted) {
  std::vector<journal::Seq> seqs;
  if (size_ == 0) return seqs;
  Part& part = parts_[part_of(lane)];
  std::erase_if(part, [&](const Entry& entry) {
    if (entry.lane != rest_of(lane) || !wanted(entry)) return false;
    seqs.push_back(entry.seq);
    return true;
  });
  size_ -= seqs.size();
  if (part.size() < part.capacity() / 4) part.shrink_to_fit();
  std::sort(seqs.begin(), seqs.end());
  return seqs;
}

void DiskLanes::mark_coming(Lane lane, std::vector<journal::Seq>& seqs) {
  for (Entry& entry : parts_[part_of(lane)]) {
    if (entry.lane != rest_of(lane)) continue;
    entry.rank = kNoHead;
    entry.due = kComes;
    seqs.push_back(entry.seq);
  }
}

/// True: all of the rank was looked at.
bool DiskLanes::look_through(std::size_t rank, std::uint32_t now, std::size_t most, Due& due) {
  std::uint32_t next = kLast + 1;
  for (std::size_t looked = 0; looked < kParts; ++looked) {
    const std::size_t at = (from_[rank] + looked) % kParts;
    Part& part = parts_[at];
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Entry entry = part[i];
      if (entry.rank != rank) continue;
      if (entry.due > now) {
        next = std::min<std::uint32_t>(next, entry.due);
      } else if (due.lanes.size() == most || due.seqs.size() >= kMostAtOnce) {
        from_[rank] = at;
        return false;
      } else if (const Lane lane = lane_of(at, entry); comes(lane)) {
        next = std::min(next, now + 1);  // of another name with that hash
      } else {
        due.lanes.push_back(lane);
        mark_coming(lane, due.seqs);
      }
    }
  }
  next_due_[rank] = next;
  return true;
}

DiskLanes::Due DiskLanes::take_due(std::int64_t now_ms, std::size_t most) {
  Due due;
  if (size_ == 0 || most == 0) return due;
  const std::uint32_t now = seconds(now_ms - 999);  // that has begun
  for (std::size_t rank = 0; rank < kRanks; ++rank) {
    if (next_due_[rank] <= now && !look_through(rank, now, most, due)) break;
  }
  std::sort(due.seqs.begin(), due.seqs.end());
  return due;
}

std::int64_t DiskLanes::next_due_ms() const {
  if (size_ == 0) return kNever;
  const std::uint32_t next = *std::min_element(next_due_.begin(), next_due_.end());
  return next > kLast ? kNever : kBaseMs + std::int64_t{next} * 1000;
}

std::vector<journal::Seq> DiskLanes::came(Lane lane) {
  remove(lane, [](const Entry& entry) { return entry.rank == kNoHead && entry.due == kComes; });
  std::vector<journal::Seq> more;
  if (size_ != 0) mark_coming(lane, more);
  std::sort(more.begin(), more.end());
  return more;
}

void DiskLanes::rest_again(Lane lane, std::int64_t until_ms) {
  rest(lane, EventClass::retry, until_ms, remove(lane, [](const Entry&) { return true; }));
}

DiskLanes::Due DiskLanes::take_now(Lane lane, std::int64_t& until_ms) {
  std::uint32_t until = 0;
  for (const Entry& entry : parts_[part_of(lane)]) {
    if (entry.lane == rest_of(lane) && entry.rank != kNoHead) until = entry.due;
  }
  until_ms = kBaseMs + std::int64_t{until} * 1000;
  Due due;
  due.lanes.push_back(lane);
  mark_coming(lane, due.seqs);
  std::sort(due.seqs.begin(), due.seqs.end());
  return due;
}

}  // namespace tenon::delivery
