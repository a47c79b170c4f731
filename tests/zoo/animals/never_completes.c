#include "../zoo.h"

static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  tenon_result out;
  static char text[] = "{\"instance\":0}";
  if (zoo_says(record, "hang")) return;
  if (zoo_says(record, "slow")) {
    zoo_find(instance, call, operation, record);
    return;
  }
  out = zoo_result(TENON_FOUND);
  text[sizeof text - 3] = (char)('0' + ((zoo_instance*)instance)->number);
  out.data = zoo_str(text);
  ((zoo_instance*)instance)->host->complete(((zoo_instance*)instance)->host->self, call, &out);
}
/* Hears the answer and does nothing about it. */
static void answered(void* user, const tenon_http_response* response) {
  (void)response;
  free(user);
}
static void create_thing(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                         tenon_str create_id) {
  (void)operation;
  (void)record;
  (void)create_id;
  zoo_http((zoo_instance*)instance, call, "POST", "https://zoo.test/things", &answered);
}

#define ZOO_NAME "never_completes"
#define ZOO_FIND find
#define ZOO_CREATE_THING create_thing
#include "../table.h"
