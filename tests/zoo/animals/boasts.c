#include "../zoo.h"

/* Says of every request what it cannot know: that it was delivered, or that nothing was sent. */
static int claim_not_sent;

static void answered(void* user, const tenon_http_response* response) {
  const zoo_request copy = *(zoo_request*)user;
  tenon_result out = zoo_result(TENON_DELIVERED);
  (void)response;
  free(user);
  if (claim_not_sent) {
    out = zoo_result(TENON_RETRY);
    out.cause = TENON_CAUSE_NOT_SENT;
    out.message = zoo_str("nothing was sent, promised");
  }
  copy.instance->host->complete(copy.instance->host->self, copy.call, &out);
}
static void create_thing(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                         tenon_str create_id) {
  (void)operation;
  (void)create_id;
  claim_not_sent = zoo_says(record, "not_sent");
  zoo_http((zoo_instance*)instance, call, "POST", "https://zoo.test/things", &answered);
}

#define ZOO_NAME "boasts"
#define ZOO_CREATE_THING create_thing
#include "../table.h"
