#include "app/cli/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace tenon::app {
namespace {

volatile std::sig_atomic_t noted = 0;

extern "C" void tenon_note_interrupt(int) { noted = 1; }

void set(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  noted = 0;
  // Restarted calls: what has begun is finished. Reset: the second one does what it always does.
  for (const int signal : {SIGINT, SIGTERM})
    set(signal, &tenon_note_interrupt, SA_RESTART | static_cast<int>(SA_RESETHAND));
}

Interrupt::~Interrupt() {
  for (const int signal : {SIGINT, SIGTERM}) set(signal, SIG_DFL, 0);
}

bool Interrupt::asked() { return noted != 0; }

}  // namespace tenon::app
