// Does to its host what the record says: dies, hangs, forks, writes where it must not. What is not evil it
// delivers at once, without the network.
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "../zoo.h"

static int* volatile nowhere = nullptr;

static void run_out_of_stack(volatile char* above) {
  volatile char here[4096];
  here[0] = 1;
  if (above != nullptr && above[0] != 1) return;
  run_out_of_stack(here);
  here[1] = here[0];
}

static void throws() { throw std::runtime_error("through a noexcept"); }
static void throw_where_none_may() noexcept { throws(); }

static void close_all() {
  for (int file = 3; file < 1024; ++file) close(file);
}

static void misbehave(tenon_str record) {
  if (zoo_says(record, "\"segfault\"")) *nowhere = 1;
  if (zoo_says(record, "\"abort\"")) abort();
  if (zoo_says(record, "\"overflow\"")) run_out_of_stack(nullptr);
  if (zoo_says(record, "\"terminate\"")) throw_where_none_may();
  if (zoo_says(record, "\"exit\"")) exit(0);
  if (zoo_says(record, "\"_exit\"")) _exit(0);
  if (zoo_says(record, "\"kill\"")) kill(getpid(), SIGKILL);
  if (zoo_says(record, "\"close\"")) close_all();
  if (zoo_says(record, "\"fork\"")) (void)!fork();
  if (zoo_says(record, "\"rawfork\"")) (void)!syscall(SYS_fork);
  if (zoo_says(record, "\"throw\"")) throw std::runtime_error("not in the mood");
  if (zoo_says(record, "\"loop\"")) {
    for (volatile int i = 0;;) i = i + 1;
  }
  if (zoo_says(record, "\"print\"")) {
    printf("ready ingress=http://evil.test\n");
    fflush(stdout);
    (void)!write(STDOUT_FILENO, "{\"ready\":true}\n", 15);
  }
  if (zoo_says(record, "\"mask\"")) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
  }
}

static void deliver(void* instance, tenon_call call, tenon_str, tenon_str record, tenon_str) {
  misbehave(record);
  zoo_complete(static_cast<zoo_instance*>(instance), call, TENON_DELIVERED);
}

#define ZOO_NAME "evil"
#define ZOO_DELIVER deliver
#include "../table.h"
