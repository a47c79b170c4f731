#include "../zoo.h"

/* Keeps the first call and completes it during the next one, by then given up, by both the old and the new
 * table. */
static tenon_call kept;
static const tenon_host* kept_host;

static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  zoo_instance* const self = (zoo_instance*)instance;
  if (zoo_says(record, "keep")) {
    kept = call;
    kept_host = self->host;
    return;
  }
  if (kept != 0) {
    tenon_result late = zoo_result(TENON_FOUND);
    kept_host->complete(kept_host->self, kept, &late);
    self->host->complete(self->host->self, kept, &late);
    kept = 0;
  }
  zoo_find(instance, call, operation, record);
}

#define ZOO_NAME "completes_late"
#define ZOO_FIND find
#include "../table.h"
