#include "delivery/lanes.hpp"

#include <algorithm>
#include <utility>

namespace tenon::delivery {

EventClass class_of(const journal::Waiting& waiting) {
  const EventClass given = waiting.event.event_class;
  return given == EventClass::live && waiting.attempts > 0 ? EventClass::retry : given;
}

void Lanes::count(const journal::Waiting& waiting, int by) {
  const auto add = static_cast<std::size_t>(by);  // of -1 the wrap is what is wanted
  size_ += add;
  const auto at = size_of_.try_emplace(waiting.pipeline).first;
  (class_of(waiting) == EventClass::live ? at->second.live : at->second.others) += add;
  if (at->second.live == 0 && at->second.others == 0) size_of_.erase(at);
}

void Lanes::drop_queue(Lane& lane) {
  for (const auto& each : lane.queue) count(each, -1);
  lane.queue.clear();
}

std::size_t Lanes::live_of(const std::string& pipeline) const {
  const auto found = size_of_.find(pipeline);
  return found == size_of_.end() ? 0 : found->second.live;
}

std::size_t Lanes::others_of(const std::string& pipeline) const {
  const auto found = size_of_.find(pipeline);
  return found == size_of_.end() ? 0 : found->second.others;
}

bool Lanes::rests_on_disk(const std::string& lane) const {
  const auto found = lanes_.find(lane);
  return found != lanes_.end() && found->second.state == State::resting && found->second.queue.empty();
}

std::string Lanes::name(std::string_view pipeline, std::string_view key) {
  // Pipeline names hold no NUL, so the pair cannot be spelled in two ways.
  std::string out(pipeline);
  out += '\0';
  out += key;
  return out;
}

bool Lanes::add(const std::string& name, journal::Waiting waiting, bool passes) {
  Lane& lane = lanes_[name];
  // Nothing but such events is in the queue of a blocked lane: their order is that of their coming.
  if (!(lane.blocked && passes) &&
      (lane.blocked || lane.parked > 0 || lane.queue.size() >= most_of(waiting.pipeline)))
    return false;
  count(waiting, 1);
  lane.queue.push_back(std::move(waiting));
  if (lane.state == State::idle) make_ready(name, lane);
  return true;
}

void Lanes::make_ready(const std::string& name, Lane& lane) {
  const journal::Waiting& head = lane.queue.front();
  const auto [at, fresh] = ready_.try_emplace(head.pipeline);
  if (fresh) turns_.push_back(head.pipeline);
  const config::Priority priority = priority_of_ ? priority_of_(head) : config::Priority::normal;
  const auto rank =
      static_cast<std::size_t>(class_of(head)) * kPriorities + static_cast<std::size_t>(priority);
  at->second.by_rank[rank].push_back(name);
  ++at->second.count;
  lane.state = State::ready;
}

std::optional<Lanes::Head> Lanes::pop(Ready& ready) {
  for (auto& queue : ready.by_rank) {
    if (queue.empty()) continue;
    Head head{std::move(queue.front()), {}};
    queue.pop_front();
    --ready.count;
    Lane& lane = lanes_[head.lane];
    head.waiting = std::move(lane.queue.front());
    lane.queue.pop_front();
    lane.state = State::running;
    count(head.waiting, -1);
    return head;
  }
  return std::nullopt;
}

journal::Waiting Lanes::step_back(const std::string& name, journal::Waiting head, Behind behind) {
  auto& queue = lanes_.at(name).queue;
  behind.taken.push_front(std::move(head));
  for (const auto& each : behind.taken) count(each, 1);
  queue.splice(std::next(queue.begin(), static_cast<std::ptrdiff_t>(behind.passed)), behind.taken);
  journal::Waiting first = std::move(queue.front());
  queue.pop_front();
  count(first, -1);
  return first;
}

bool Lanes::finish(const std::string& name) {
  const auto found = lanes_.find(name);
  Lane& lane = found->second;
  lane.state = State::idle;
  if (!lane.queue.empty()) {
    make_ready(name, lane);
  } else if (lane.parked == 0 && !lane.blocked) {
    lanes_.erase(found);
    return false;
  }
  return wants_parked(name, lane);
}

bool Lanes::wants_parked(const std::string& name, Lane& lane) const {
  if (lane.blocked || lane.parked == 0 || lane.unparking ||
      lane.queue.size() >= most_of(pipeline_of(name)) / 2)
    return false;
  lane.unparking = true;
  return true;
}

std::vector<journal::Seq> Lanes::block(const std::string& name) {
  Lane& lane = lanes_[name];
  std::vector<journal::Seq> waiting;
  if (std::exchange(lane.blocked, true)) return waiting;
  // Not by the end of its own head: what is next there still runs.
  if (lane.state == State::ready || lane.state == State::resting) return waiting;
  for (const auto& each : lane.queue) waiting.push_back(each.seq);
  drop_queue(lane);
  return waiting;
}

bool Lanes::unblock(const std::string& name) {
  const auto found = lanes_.find(name);
  if (found == lanes_.end()) return false;
  Lane& lane = found->second;
  lane.blocked = false;
  if (lane.state == State::idle && lane.parked == 0) {
    lanes_.erase(found);
    return false;
  }
  return wants_parked(name, lane);
}

bool Lanes::blocked(const std::string& name) const {
  const auto found = lanes_.find(name);
  return found != lanes_.end() && found->second.blocked;
}

std::uint64_t Lanes::rest(const std::string& name, journal::Waiting head) {
  Lane& lane = lanes_[name];
  count(head, 1);
  lane.queue.push_front(std::move(head));
  lane.state = State::resting;
  lane.rest = ++rests_;
  return lane.rest;
}

Lanes::DiskRest Lanes::rest_on_disk(const std::string& name, journal::Seq head) {
  Lane& lane = lanes_[name];
  DiskRest out;
  out.rest = lane.rest = ++rests_;
  out.seqs.push_back(head);
  for (const auto& each : lane.queue) out.seqs.push_back(each.seq);
  drop_queue(lane);
  lane.state = State::resting;
  return out;
}

std::optional<std::vector<journal::Seq>> Lanes::leave(const std::string& name, journal::Seq head,
                                                      std::size_t most) {
  std::vector<journal::Seq> seqs = {head};
  const auto found = lanes_.find(name);
  if (found == lanes_.end()) return seqs;
  Lane& lane = found->second;
  if (lane.parked > 0 || lane.unparking || lane.blocked || lane.queue.size() >= most) return std::nullopt;
  for (const auto& each : lane.queue) seqs.push_back(each.seq);
  drop_queue(lane);
  lanes_.erase(found);
  return seqs;
}

std::uint64_t Lanes::rest_parked(const std::string& name) {
  Lane& lane = lanes_[name];
  lane.state = State::resting;
  return lane.rest = ++rests_;
}

bool Lanes::wake(const std::string& name, std::uint64_t rest) {
  const auto found = lanes_.find(name);
  if (found == lanes_.end() || found->second.state != State::resting || found->second.rest != rest)
    return false;
  Lane& lane = found->second;
  if (!lane.queue.empty()) {
    make_ready(name, lane);
    return false;
  }
  lane.state = State::idle;
  return wants_parked(name, lane);
}

void Lanes::drop(const std::string& pipeline) {
  const std::string prefix = name(pipeline, "");
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    Lane& lane = at->second;
    if (!at->first.starts_with(prefix)) {
      ++at;
      continue;
    }
    drop_queue(lane);
    lane.parked = 0;
    lane.unparking = false;
    lane.blocked = false;
    at = lane.state == State::running ? std::next(at) : lanes_.erase(at);
  }
  ready_.erase(pipeline);
  std::erase(turns_, pipeline);
}

void Lanes::note_parked(const std::string& name, std::size_t count) {
  const auto found = lanes_.find(name);
  if (found != lanes_.end()) found->second.parked += count;
}

void Lanes::unpark(const std::string& name, std::vector<journal::Waiting> waiting) {
  Lane& lane = lanes_[name];
  lane.unparking = false;
  lane.parked -= std::min(lane.parked, waiting.size());
  for (auto& event : waiting) {
    count(event, 1);
    lane.queue.push_back(std::move(event));
  }
  if (lane.state == State::idle && !lane.queue.empty()) make_ready(name, lane);
  if (lane.state == State::idle && lane.parked == 0 && !lane.blocked) lanes_.erase(name);
}

}  // namespace tenon::delivery
