#include "runtime/attempts.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "runtime/doing.hpp"

namespace tenon::runtime {
namespace {

constexpr std::size_t kThreads = 32;
constexpr std::size_t kMarked = 64;
constexpr std::uint64_t kMagic = 0x31746d74746e7474;  // "ttnttmt1"

struct MarkedSlot {
  std::uint64_t event;  ///< 0: free
  std::uint32_t marks;
  std::uint32_t how;
  std::uint32_t size;
  std::array<char, StuckNote::kCapacity> doing;
};

struct AttemptFile {
  std::uint64_t magic;
  std::array<MarkedSlot, kMarked> marked;
  alignas(128) std::array<StuckNote, kThreads> notes;
};

AttemptFile* mapped = nullptr;

MarkedSlot* slot_of(std::uint64_t event) {
  const auto found = std::find_if(mapped->marked.begin(), mapped->marked.end(),
                                  [&](const MarkedSlot& slot) { return slot.event == event; });
  return found == mapped->marked.end() ? nullptr : &*found;
}

/// One more mark for the event. Where all slots are taken the one with the fewest marks makes room.
unsigned count(const StuckNote& note) {
  MarkedSlot* slot = slot_of(note.event());
  if (slot == nullptr) slot = slot_of(0);
  if (slot == nullptr)
    slot = &*std::min_element(mapped->marked.begin(), mapped->marked.end(),
                              [](const auto& a, const auto& b) { return a.marks < b.marks; });
  if (slot->event != note.event()) *slot = MarkedSlot{note.event(), 0, 0, 0, {}};
  slot->how = note.marked();
  slot->size = static_cast<std::uint32_t>(note.copy(slot->doing.data()));
  return ++slot->marks;
}

FormerAttempts take_former() {
  FormerAttempts former;
  for (StuckNote& note : mapped->notes) {
    if (note.busy()) {
      Crash crash;
      crash.event = note.event();
      crash.doing = note.text();
      const std::uint32_t how = note.marked();
      crash.counted = how != 0 && crash.event != 0;
      crash.how = died_text(how != 0 ? how : static_cast<std::uint32_t>(Died::silently));
      if (crash.counted) crash.marks = count(note);
      former.crashes.push_back(std::move(crash));
    }
    new (&note) StuckNote();
  }
  for (const MarkedSlot& slot : mapped->marked) {
    if (slot.event == 0) continue;
    const std::size_t size = std::min<std::size_t>(slot.size, slot.doing.size());
    former.marked.push_back(
        {slot.event, slot.marks, std::string(slot.doing.data(), size), died_text(slot.how)});
  }
  return former;
}

}  // namespace

std::string died_text(std::uint32_t how) {
  switch (static_cast<Died>(how)) {
    case Died::stuck:
      return "stuck";
    case Died::exited:
      return "called exit or _exit";
    case Died::closed:
      return "closed descriptors of the host";
    case Died::silently:
      return "without a word: killed, or by a system call of its own";
  }
  const char* const name = sigabbrev_np(static_cast<int>(how));
  return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(how);
}

Result<FormerAttempts> open_attempts(const std::string& path) {
  const auto failed = [&](const char* what) {
    return Error("file_failed", path + ": " + what + ": " + std::strerror(errno));
  };
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failed("cannot open");
  struct stat status {};
  const bool sized = ::fstat(file, &status) == 0 && status.st_size == sizeof(AttemptFile);
  // Room for all of it now: a write into a mapping cannot tell that the disk is full, it kills.
  if (!sized && (::ftruncate(file, 0) != 0 || ::posix_fallocate(file, 0, sizeof(AttemptFile)) != 0)) {
    const Error error = failed("no room");
    ::close(file);
    return error;
  }
  void* const memory = ::mmap(nullptr, sizeof(AttemptFile), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) return failed("cannot be mapped");
  mapped = static_cast<AttemptFile*>(memory);
  if (mapped->magic != kMagic) {
    std::memset(memory, 0, sizeof(AttemptFile));
    mapped->magic = kMagic;
  }
  FormerAttempts former = take_former();
  lend_notes(mapped->notes.data(), mapped->notes.size());
  return former;
}

void forget_marks(std::uint64_t event) {
  if (mapped == nullptr || event == 0) return;
  if (MarkedSlot* const slot = slot_of(event); slot != nullptr) *slot = MarkedSlot{};
}

}  // namespace tenon::runtime
