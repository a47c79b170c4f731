#include "../zoo.h"

static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  const char* url = "https://elsewhere.test/";
  (void)operation;
  if (zoo_says(record, "suffix")) url = "https://evilzoo.test/";
  if (zoo_says(record, "prefix")) url = "https://zoo.test.elsewhere.test/";
  if (zoo_says(record, "user")) url = "https://zoo.test@elsewhere.test/";
  if (zoo_says(record, "backslash")) url = "https://zoo.test\\@elsewhere.test/";
  if (zoo_says(record, "local")) url = "http://127.0.0.1:22/";
  zoo_http((zoo_instance*)instance, call, "GET", url, &zoo_answered_found);
}

#define ZOO_NAME "talks_to_foreign_host"
#define ZOO_FIND find
#include "../table.h"
