#include "runtime/crash.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "runtime/doing.hpp"

namespace tenon::runtime {

namespace detail {
const volatile std::uint32_t* same_process = nullptr;
int sentinel = -1;
}  // namespace detail

namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
constexpr std::size_t kSignalStack = 64 * 1024;
constexpr std::uint32_t kOriginal = 0x74656e6a;

bool json_lines = false;
pid_t host_process = 0;
std::array<struct sigaction, NSIG> former{};

/// A line made of what signal handlers may use: no allocation, no lock, no locale.
class Line {
 public:
  Line& text(std::string_view part) {
    for (const char c : part) {
      if (size_ < bytes_.size()) bytes_[size_++] = c;
    }
    return *this;
  }
  /// Inside quotes.
  Line& quoted(std::string_view part) {
    for (const char c : part) {
      const bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
      text({plain ? &c : "?", 1});
    }
    return *this;
  }
  Line& number(std::uint64_t value, std::size_t width = 1) {
    char digits[20];
    std::size_t count = 0;
    do digits[count++] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    for (std::size_t pad = count; pad < width; ++pad) text("0");
    while (count > 0) text({&digits[--count], 1});
    return *this;
  }
  /// 2026-01-31T13:00:00.250Z; the calendar by Howard Hinnant's civil_from_days.
  Line& now() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    const std::int64_t z = time.tv_sec / 86400 + 719468;
    const std::int64_t era = z / 146097;
    const std::int64_t doe = z - era * 146097;
    const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const std::int64_t mp = (5 * doy + 2) / 153;
    const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
    const auto put = [this](std::int64_t value, std::size_t width, std::string_view after) {
      number(static_cast<std::uint64_t>(value), width).text(after);
    };
    put(yoe + era * 400 + (month <= 2 ? 1 : 0), 4, "-");
    put(month, 2, "-");
    put(doy - (153 * mp + 2) / 5 + 1, 2, "T");
    const std::int64_t of_day = time.tv_sec % 86400;
    put(of_day / 3600, 2, ":");
    put(of_day / 60 % 60, 2, ":");
    put(of_day % 60, 2, ".");
    put(time.tv_nsec / 1'000'000, 3, "Z");
    return *this;
  }
  void write() {
    text("\n");
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, bytes_.data(), size_);
  }

 private:
  std::array<char, 512> bytes_;
  std::size_t size_ = 0;
};

/// What a note says, in memory that is the process's own: the note itself a copy of the process shares.
struct Said {
  Said() = default;
  explicit Said(const StuckNote& note) : size(note.copy(text)), event(note.event()) {}
  char text[StuckNote::kCapacity];
  std::size_t size = 0;
  std::uint64_t event = 0;
};

/// What this thread was at when it began to fork.
thread_local Said before_fork;

void tell(std::string_view message, std::string_view how, const Said& note) {
  const std::string_view said(note.text, note.size);
  Line line;
  if (json_lines) {
    line.text("{\"time\":\"").now().text("\",\"level\":\"error\",\"code\":\"plugin_crashed\",\"message\":\"");
    line.text(message).text("\",\"doing\":\"").quoted(said).text("\",\"how\":\"").text(how);
    line.text("\",\"event\":").number(note.event).text("}");
  } else {
    line.now().text(" error plugin_crashed: ").text(message).text(" doing=\"").quoted(said);
    line.text("\" how=\"").text(how).text("\" event=").number(note.event);
  }
  line.write();
}

std::string_view signal_name(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    case SIGTRAP:
      return "SIGTRAP";
    default:
      return "SIGSYS";
  }
}

bool is_copy() { return static_cast<pid_t>(syscall(SYS_getpid)) != host_process; }

[[noreturn]] void end_now(int status) {
  // The sanitizers' own, where there is one; else libc's.
  static const auto next = reinterpret_cast<void (*)(int)>(dlsym(RTLD_NEXT, "_exit"));
  if (next != nullptr) next(status);
  for (;;) syscall(SYS_exit_group, status);
}

[[noreturn]] void end_copy(const Said& note) {
  tell("a plugin made a copy of the process; the copy was ended, the host goes on", "fork", note);
  end_now(0);
}

extern "C" void tenon_fatal_signal(int signal, siginfo_t* info, void*) {
  const int saved = errno;
  StuckNote* const note = existing_note();
  // One that another process has sent says nothing of what runs; abort comes by tgkill.
  const bool sent = info != nullptr && info->si_code == SI_USER;
  if (note != nullptr && note->busy() && !sent) {
    if (!is_copy()) note->mark(static_cast<std::uint32_t>(signal));
    tell("the process ends inside of a plugin or mapping", signal_name(signal), Said(*note));
  }
  // To whoever was there before; a fault that is met again ends the process by itself.
  sigaction(signal, &former[static_cast<std::size_t>(signal)], nullptr);
  raise(signal);
  errno = saved;
}

/// Does not return if this thread is inside of a plugin.
void told_if_inside(std::string_view how) {
  StuckNote* const note = existing_note();
  if (note == nullptr || !note->busy()) return;
  if (is_copy()) end_copy(Said(*note));
  note->mark(static_cast<std::uint32_t>(Died::exited));
  tell("a plugin ended the process", how, Said(*note));
  end_now(EXIT_FAILURE);
}

void on_exit_inside() { told_if_inside("exit"); }

void before_fork_inside() {
  const StuckNote* const note = existing_note();
  before_fork = note != nullptr && note->busy() ? Said(*note) : Said();
}

void on_fork_inside() {
  if (before_fork.size > 0) end_copy(before_fork);
}

}  // namespace

void detail::check_border(std::string_view who, std::string_view what) {
  if (*same_process != kOriginal) {
    // The note is shared with the host, which has gone on.
    StuckNote own;
    own.set(who, what);
    end_copy(Said(own));
  }
  if (fcntl(sentinel, F_GETFD) >= 0) return;
  StuckNote& note = current_note();
  note.mark(static_cast<std::uint32_t>(Died::closed));
  tell("a plugin closed descriptors of the host; the process ends", "close", Said(note));
  end_now(EXIT_FAILURE);
}

// A plugin's calls of exit and _exit arrive here: a name is looked up in the program before libc. An atexit
// handler alone would be too late, for the destructors of statics run first, under threads that still use
// them; and _exit calls none. (What ends the process by a system call of its own is not seen.)
extern "C" [[gnu::visibility("default")]] void exit(int status) noexcept {
  told_if_inside("exit");
  static const auto next = reinterpret_cast<void (*)(int)>(dlsym(RTLD_NEXT, "exit"));
  if (next != nullptr) next(status);
  end_now(status);
}

extern "C" [[gnu::visibility("default")]] void _exit(int status) {
  // A child that a plugin started and that could not become what it should: not the host's end.
  if (host_process != 0 && !is_copy()) told_if_inside("_exit");
  end_now(status);
}

void use_signal_stack() {
  // Never given back: it is needed for as long as the thread is there.
  void* const memory =
      mmap(nullptr, kSignalStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kSignalStack;
  sigaltstack(&stack, nullptr);
}

void watch_for_crashes(bool json) {
  json_lines = json;
  host_process = getpid();
  use_signal_stack();
  struct sigaction action {};
  action.sa_sigaction = &tenon_fatal_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int signal : kFatal) sigaction(signal, &action, &former[static_cast<std::size_t>(signal)]);
  std::atexit(&on_exit_inside);
  std::at_quick_exit(&on_exit_inside);
  pthread_atfork(&before_fork_inside, nullptr, &on_fork_inside);
  // Children of plugins are nobody's: they are not waited for.
  ::signal(SIGCHLD, SIG_IGN);
  detail::sentinel = eventfd(0, EFD_CLOEXEC);
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || detail::sentinel < 0 || madvise(page, 4096, MADV_WIPEONFORK) != 0) return;
  *static_cast<std::uint32_t*>(page) = kOriginal;
  detail::same_process = static_cast<const volatile std::uint32_t*>(page);
}

}  // namespace tenon::runtime
