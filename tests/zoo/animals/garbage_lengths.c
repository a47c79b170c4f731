#include "../zoo.h"

/* The record says what is wrong with the answer. */
static void find(void* instance, tenon_call call, tenon_str operation, tenon_str record) {
  zoo_instance* const self = (zoo_instance*)instance;
  tenon_result out = zoo_result(TENON_FOUND);
  tenon_match match;
  const tenon_result* lent = &out;
  (void)operation;
  memset(&match, 0, sizeof match);
  match.size = sizeof match;
  match.id = zoo_str("1");
  if (zoo_says(record, "null_data")) out.data.size = 100;
  if (zoo_says(record, "low_pointer")) {
    out.data.data = (const char*)(uintptr_t)8;
    out.data.size = 100;
  }
  if (zoo_says(record, "negative_size")) {
    out.message.data = "x";
    out.message.size = (size_t)-1;
  }
  if (zoo_says(record, "huge_size")) {
    out.data.data = "x";
    out.data.size = (size_t)1 << 40;
  }
  if (zoo_says(record, "short_result")) out.size = 16;
  if (zoo_says(record, "long_result")) out.size = 0x7fffffff;
  if (zoo_says(record, "null_result")) lent = NULL;
  if (zoo_says(record, "crooked_result")) lent = (const tenon_result*)(const void*)((const char*)&out + 1);
  if (zoo_says(record, "null_matches")) out.match_count = 3;
  if (zoo_says(record, "many_matches")) {
    out.matches = &match;
    out.match_count = (size_t)-1;
  }
  if (zoo_says(record, "short_match")) {
    match.size = 8;
    out.matches = &match;
    out.match_count = 1;
  }
  if (zoo_says(record, "nameless_match")) {
    match.id.size = 0;
    out.matches = &match;
    out.match_count = 1;
  }
  if (zoo_says(record, "no_text")) {
    match.id = zoo_str("\xff\xfe");
    out.matches = &match;
    out.match_count = 1;
  }
  if (zoo_says(record, "bad_verdict")) out.verdict = 77;
  if (zoo_says(record, "wrong_verdict")) out.verdict = TENON_GONE;
  if (zoo_says(record, "uncalled_cancel")) out.verdict = TENON_CANCELLED;
  if (zoo_says(record, "bad_cause")) {
    out.verdict = TENON_RETRY;
    out.cause = 77;
  }
  self->host->complete(self->host->self, call, lent);
}

/* The record says what is wrong with the request. */
static void deliver(void* instance, tenon_call call, tenon_str operation, tenon_str record,
                    tenon_str call_id) {
  zoo_instance* const self = (zoo_instance*)instance;
  tenon_http_request request;
  const tenon_http_request* lent = &request;
  tenon_header header;
  zoo_request* const state = (zoo_request*)malloc(sizeof(zoo_request));
  (void)operation;
  (void)call_id;
  state->instance = self;
  state->call = call;
  memset(&request, 0, sizeof request);
  memset(&header, 0, sizeof header);
  request.size = sizeof request;
  request.method = zoo_str("GET");
  request.url = zoo_str("https://zoo.test/");
  header.size = sizeof header;
  header.name = zoo_str("x-a");
  header.value = zoo_str("b");
  request.headers = &header;
  request.header_count = 1;
  if (zoo_says(record, "null_request")) lent = NULL;
  if (zoo_says(record, "short_request")) request.size = 8;
  if (zoo_says(record, "null_url")) request.url.data = NULL;
  if (zoo_says(record, "relative_url")) request.url = zoo_str("/things");
  if (zoo_says(record, "user_in_url")) request.url = zoo_str("https://ann:pw@zoo.test/");
  if (zoo_says(record, "file_url")) request.url = zoo_str("file:///etc/passwd");
  if (zoo_says(record, "plain_http")) request.url = zoo_str("http://zoo.test/");
  if (zoo_says(record, "odd_port")) request.url = zoo_str("https://zoo.test:8443/");
  if (zoo_says(record, "line_in_header")) header.value = zoo_str("a\r\nx-b: c");
  if (zoo_says(record, "null_headers")) request.headers = NULL;
  if (zoo_says(record, "short_header")) header.size = 8;
  if (zoo_says(record, "many_headers")) request.header_count = (size_t)-1;
  if (zoo_says(record, "own_credential")) header.name = zoo_str("authorization");
  if (zoo_says(record, "own_cookie")) header.name = zoo_str("Cookie");
  if (zoo_says(record, "own_length")) header.name = zoo_str("content-length");
  if (zoo_says(record, "odd_method")) request.method = zoo_str("CONNECT");
  if (zoo_says(record, "huge_body")) {
    request.body.data = "x";
    request.body.size = (size_t)1 << 40;
  }
  if (zoo_says(record, "no_function")) {
    self->host->http(self->host->self, call, lent, NULL, NULL);
    free(state);
    zoo_complete(self, call, TENON_DELIVERED);
    return;
  }
  if (zoo_says(record, "other_call")) {
    self->host->http(self->host->self, call + 1000, lent, &zoo_answered_delivered, state);
    return;
  }
  self->host->http(self->host->self, call, lent, &zoo_answered_delivered, state);
}

/* The body says what is wrong with the event. */
static uint32_t accept(void* instance, const tenon_delivery* delivery, tenon_emit emit, tenon_fail fail,
                       void* user) {
  tenon_event event;
  tenon_key key;
  const tenon_event* lent = &event;
  (void)instance;
  memset(&event, 0, sizeof event);
  memset(&key, 0, sizeof key);
  key.size = sizeof key;
  event.size = sizeof event;
  event.key = zoo_str("k");
  event.type = zoo_str("thing");
  event.data = zoo_str("{}");
  event.time_ms = -1;
  if (zoo_says(delivery->body, "null_event")) lent = NULL;
  if (zoo_says(delivery->body, "short_event")) event.size = 16;
  if (zoo_says(delivery->body, "no_key")) event.key.size = 0;
  if (zoo_says(delivery->body, "no_type")) event.type.size = 0;
  if (zoo_says(delivery->body, "no_data")) event.data.size = 0;
  if (zoo_says(delivery->body, "no_json")) event.data = zoo_str("{]");
  if (zoo_says(delivery->body, "no_text")) event.key = zoo_str("\xff");
  if (zoo_says(delivery->body, "huge_key")) event.key.size = (size_t)1 << 40;
  if (zoo_says(delivery->body, "null_keys")) event.key_count = 2;
  if (zoo_says(delivery->body, "many_keys")) {
    event.keys = &key;
    event.key_count = (size_t)-1;
  }
  if (zoo_says(delivery->body, "null_reason")) {
    tenon_str reason = {NULL, 50};
    fail(user, reason);
    return 1;
  }
  if (zoo_says(delivery->body, "no_reason")) return 1;
  if (zoo_says(delivery->body, "flood"))
    for (int i = 0; i < 20000; ++i) emit(user, lent);
  emit(user, lent);
  return 0;
}

#define ZOO_NAME "garbage_lengths"
#define ZOO_FIND find
#define ZOO_DELIVER deliver
#define ZOO_ACCEPT accept
#include "../table.h"
