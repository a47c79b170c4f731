#include "runtime/real/thread.hpp"

#include <pthread.h>
#include <signal.h>

#include "runtime/crash.hpp"

namespace tenon::runtime {

std::thread start_thread(const std::string& name, Function<void()> body) {
  sigset_t mask;
  sigfillset(&mask);
  // What a fault raises in the thread itself must reach its handler.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&mask, fault);
  sigset_t old;
  pthread_sigmask(SIG_BLOCK, &mask, &old);  // inherited from the start, so no signal slips in between
  std::thread thread([name = name.substr(0, 15), body = std::move(body)] {
    pthread_setname_np(pthread_self(), name.c_str());
    use_signal_stack();
    body();
  });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  return thread;
}

}  // namespace tenon::runtime
