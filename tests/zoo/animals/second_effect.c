#include "../zoo.h"

/* Two POSTs, one after the other or at once. */
static void first_done(void* user, const tenon_http_response* response) {
  const zoo_request copy = *(zoo_request*)user;
  free(user);
  (void)response;
  zoo_http(copy.instance, copy.call, "POST", "https://zoo.test/things", &zoo_answered_delivered);
}
static void ignore(void* user, const tenon_http_response* response) {
  (void)response;
  free(user);
}
static void create_thing(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                         tenon_str create_id) {
  zoo_instance* const self = (zoo_instance*)instance;
  (void)operation;
  (void)create_id;
  if (zoo_says(record, "at_once")) {
    zoo_http(self, call, "POST", "https://zoo.test/things", &ignore);
    zoo_http(self, call, "PATCH", "https://zoo.test/things", &zoo_answered_delivered);
    return;
  }
  zoo_http(self, call, "POST", "https://zoo.test/things", &first_done);
}

#define ZOO_NAME "second_effect"
#define ZOO_CREATE_THING create_thing
#include "../table.h"
