#include "../zoo.h"

/* The second word must not count. */
static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  (void)operation;
  (void)record;
  zoo_complete((zoo_instance*)instance, call, TENON_FOUND);
  zoo_complete((zoo_instance*)instance, call, TENON_REJECTED);
}
static void answered(void* user, const tenon_http_response* response) {
  zoo_request copy = *(zoo_request*)user;
  zoo_answered_delivered(user, response);
  zoo_complete(copy.instance, copy.call, TENON_REJECTED);
}
static void create_thing(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                         tenon_str create_id) {
  (void)operation;
  (void)record;
  (void)create_id;
  zoo_http((zoo_instance*)instance, call, "POST", "https://zoo.test/things", &answered);
}

#define ZOO_NAME "completes_twice"
#define ZOO_FIND find
#define ZOO_CREATE_THING create_thing
#include "../table.h"
