#include <pthread.h>

#include "../zoo.h"

/* Starts a thread, which plugins must not, and completes from there. Then keeps the table and calls it
 * between calls. */
typedef struct job {
  zoo_instance* instance;
  tenon_call call;
} job;

static void* run(void* user) {
  job* const j = (job*)user;
  zoo_complete(j->instance, j->call, TENON_REJECTED);
  j->instance->host->log(j->instance->host->self, j->call, TENON_LOG_ERROR, zoo_str("from a thread"));
  return NULL;
}
static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  pthread_t thread;
  job j;
  j.instance = (zoo_instance*)instance;
  j.call = call;
  if (pthread_create(&thread, NULL, &run, &j) == 0) pthread_join(thread, NULL);
  zoo_find(instance, call, operation, record);
}

#define ZOO_NAME "other_thread"
#define ZOO_FIND find
#include "../table.h"
