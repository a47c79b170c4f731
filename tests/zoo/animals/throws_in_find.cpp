// Exceptions out of every other function: find, accept, and the answer to a request.
#include <stdexcept>

#include "../zoo.h"

static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  if (zoo_says(record, "int")) throw 7;
  if (zoo_says(record, "completed")) {
    zoo_complete(static_cast<zoo_instance*>(instance), call, TENON_FOUND);
    throw std::runtime_error("after completing");
  }
  if (zoo_says(record, "throw")) throw std::runtime_error("find is not in the mood");
  zoo_find(instance, call, operation, record);
}
static void answered(void* user, const tenon_http_response*) {
  free(user);
  throw std::runtime_error("the answer is not liked");
}
static void create_thing(void* instance, tenon_call call, tenon_str, tenon_str, tenon_str) {
  zoo_http(static_cast<zoo_instance*>(instance), call, "POST", "https://zoo.test/things", &answered);
}
static uint32_t accept(void*, const tenon_delivery*, tenon_emit, tenon_fail, void*) {
  throw std::runtime_error("accept is not in the mood");
}

#define ZOO_NAME "throws_in_find"
#define ZOO_FIND find
#define ZOO_CREATE_THING create_thing
#define ZOO_ACCEPT accept
#include "../table.h"
