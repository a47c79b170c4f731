#include "../zoo.h"

/* Hears what its first create came to and says so only when the next one is answered: by then it was given
 * up. */
static tenon_call kept;
static char kept_id[32];

static void answered(void* user, const tenon_http_response* response) {
  zoo_request* const state = (zoo_request*)user;
  const tenon_host* const host = state->instance->host;
  if (kept == 0) {
    kept = state->call;
    kept_id[0] = '\0';
    if (response->body.size < sizeof kept_id) {
      memcpy(kept_id, response->body.data, response->body.size);
      kept_id[response->body.size] = '\0';
    }
    free(user);
    return;
  }
  if (kept != (tenon_call)-1) {
    tenon_result late = zoo_result(TENON_DELIVERED);
    late.id = zoo_str(kept_id);
    host->complete(host->self, kept, &late);
    host->complete(host->self, kept, &late);
    kept = (tenon_call)-1;
  }
  zoo_answered(user, response, TENON_DELIVERED);
}
static void create_thing(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                         tenon_str create_id) {
  (void)operation;
  (void)record;
  (void)create_id;
  zoo_http((zoo_instance*)instance, call, "POST", "https://zoo.test/things", &answered);
}
static void* make(const tenon_host* host, tenon_str settings, tenon_fail fail, void* user) {
  kept = 0;
  return zoo_create(host, settings, fail, user);
}

#define ZOO_NAME "tells_late"
#define ZOO_CREATE make
#define ZOO_CREATE_THING create_thing
#include "../table.h"
