/* What every animal of the zoo is made of: a good connector in plain C, without the SDK. An animal defines
 * ZOO_NAME and whichever of the ZOO_… functions it misbehaves in before it includes this. Compiles as C and
 * as C++. */
#ifndef TENON_ZOO_H
#define TENON_ZOO_H

#include <stdlib.h>
#include <string.h>
#include <tenon/abi.h>

#define ZOO_UNUSED __attribute__((unused))

typedef struct zoo_instance {
  const tenon_host* host;
  int number; /* how many were made before */
} zoo_instance;

/* One request on its way. */
typedef struct zoo_request {
  zoo_instance* instance;
  tenon_call call;
} zoo_request;

ZOO_UNUSED static tenon_str zoo_str(const char* text) {
  tenon_str out;
  out.data = text;
  out.size = strlen(text);
  return out;
}

/* True if `text` holds `word`. */
ZOO_UNUSED static int zoo_says(tenon_str text, const char* word) {
  const size_t size = strlen(word);
  for (size_t i = 0; i + size <= text.size; ++i)
    if (memcmp(text.data + i, word, size) == 0) return 1;
  return 0;
}

ZOO_UNUSED static tenon_result zoo_result(tenon_verdict verdict) {
  tenon_result out;
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
  out.verdict = verdict;
  out.retry_after_ms = -1;
  return out;
}

ZOO_UNUSED static void zoo_complete(zoo_instance* self, tenon_call call, tenon_verdict verdict) {
  tenon_result out = zoo_result(verdict);
  if (verdict == TENON_RETRY || verdict == TENON_REJECTED) {
    out.cause = TENON_CAUSE_REMOTE_ERROR;
    out.message = zoo_str("the zoo says no");
  }
  self->host->complete(self->host->self, call, &out);
}

ZOO_UNUSED static void zoo_http(zoo_instance* self, tenon_call call, const char* method, const char* url,
                                tenon_http_done done) {
  tenon_http_request request;
  zoo_request* const state = (zoo_request*)malloc(sizeof(zoo_request));
  state->instance = self;
  state->call = call;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.method = zoo_str(method);
  request.url = zoo_str(url);
  self->host->http(self->host->self, call, &request, done, state);
}

/* Completes the call by the answer: 2xx is what was wanted. */
ZOO_UNUSED static void zoo_answered(void* user, const tenon_http_response* response, tenon_verdict wanted) {
  zoo_request* const state = (zoo_request*)user;
  tenon_result out = zoo_result(wanted);
  if (response->error == TENON_HTTP_CANCELLED) {
    out = zoo_result(TENON_CANCELLED);
  } else if (response->error != TENON_HTTP_OK) {
    out = zoo_result(TENON_RETRY);
    out.cause = response->sent == TENON_SENT_NO ? TENON_CAUSE_NOT_SENT : TENON_CAUSE_AMBIGUOUS;
    out.message = response->message;
  } else if (response->status >= 300) {
    out = zoo_result(TENON_REJECTED);
    out.cause = TENON_CAUSE_INVALID;
    out.message = zoo_str("not a success");
  } else if (wanted == TENON_FOUND) {
    out.data = response->body;
  } else {
    out.id = response->body;
  }
  state->instance->host->complete(state->instance->host->self, state->call, &out);
  free(state);
}
ZOO_UNUSED static void zoo_answered_found(void* user, const tenon_http_response* response) {
  zoo_answered(user, response, TENON_FOUND);
}
ZOO_UNUSED static void zoo_answered_delivered(void* user, const tenon_http_response* response) {
  zoo_answered(user, response, TENON_DELIVERED);
}

ZOO_UNUSED static int zoo_made = 0;

ZOO_UNUSED static void* zoo_create(const tenon_host* host, tenon_str settings, tenon_fail fail, void* user) {
  zoo_instance* self;
  if (zoo_says(settings, "refuse")) {
    fail(user, zoo_str("these settings are refused"));
    return NULL;
  }
  self = (zoo_instance*)malloc(sizeof(zoo_instance));
  self->host = host;
  self->number = zoo_made++;
  return self;
}
ZOO_UNUSED static void zoo_destroy(void* self) { free(self); }

ZOO_UNUSED static uint32_t zoo_accept(void* instance, const tenon_delivery* delivery, tenon_emit emit,
                                      tenon_fail fail, void* user) {
  const tenon_host* const host = ((zoo_instance*)instance)->host;
  tenon_event event;
  tenon_json key;
  (void)delivery;
  memset(&event, 0, sizeof event);
  memset(&key, 0, sizeof key);
  key.size = sizeof key;
  if (host->json_at(host->self, zoo_str("/key"), &key) != 0 || key.type != TENON_JSON_STRING) {
    fail(user, zoo_str("no key"));
    return 1;
  }
  event.size = sizeof event;
  event.key = key.text;
  event.type = zoo_str("thing");
  event.time_ms = -1;
  host->json_text(host->self, zoo_str(""), &event.data);
  emit(user, &event);
  return 0;
}
ZOO_UNUSED static void zoo_fetch(void* instance, tenon_call call, tenon_str name, tenon_str arguments) {
  (void)name;
  (void)arguments;
  zoo_http((zoo_instance*)instance, call, "GET", "https://zoo.test/thing", &zoo_answered_found);
}
ZOO_UNUSED static void zoo_find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  (void)operation;
  (void)record;
  zoo_http((zoo_instance*)instance, call, "GET", "https://zoo.test/things", &zoo_answered_found);
}
ZOO_UNUSED static void zoo_create_thing(void* instance, tenon_call call, tenon_str operation,
                                        tenon_str record, tenon_str create_id) {
  (void)operation;
  (void)record;
  (void)create_id;
  zoo_http((zoo_instance*)instance, call, "POST", "https://zoo.test/things", &zoo_answered_delivered);
}
ZOO_UNUSED static void zoo_update(void* instance, tenon_call call, tenon_str operation, tenon_str id,
                                  tenon_str record, const tenon_match* match) {
  (void)operation;
  (void)id;
  (void)record;
  (void)match;
  zoo_http((zoo_instance*)instance, call, "PUT", "https://zoo.test/things/1", &zoo_answered_delivered);
}
ZOO_UNUSED static void zoo_deliver(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                                   tenon_str call_id) {
  (void)operation;
  (void)record;
  (void)call_id;
  zoo_http((zoo_instance*)instance, call, "POST", "https://zoo.test/notes", &zoo_answered_delivered);
}

#endif
