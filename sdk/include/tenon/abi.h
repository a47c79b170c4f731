/* tenon/abi.h: the whole contract between the tenon host and a plugin. Plain C11; needs nothing but the C
 * library's freestanding headers. Everything else in the SDK is convenience on top of this page.
 *
 * Rules for every symbol below
 *  - Growth: each struct begins with `size`, its sizeof where it was compiled, and grows only at its tail. A
 * reader uses a field only if `size` covers it. Arrays of structs are `[0].size` bytes apart. The major
 * version is in the name of the entry symbol; before 1.0 of tenon a plugin of another minor version is
 * refused.
 *  - Memory: arguments, and all that they point to, are borrowed for the duration of the call, in both
 * directions. Nothing is ever freed by the other side.
 *  - Text: {data, size}, not terminated, may hold NUL bytes; UTF-8 unless said otherwise. size 0 is the empty
 * text and stands for "absent" where a field is optional; data may then be null.
 *  - Threads: an instance is entered by one thread at a time, always the same one. The host creates one
 * instance per thread that needs one (`accept` runs on an instance of its own). Host functions are called
 * from inside an entry or a completion of that instance, on its thread; from anywhere else they are ignored
 * and counted.
 *  - Handles: 64-bit numbers that are never used twice. One that is unknown, finished or another instance's
 * is ignored and counted, never followed.
 *  - Exceptions and longjmp must not cross the border.
 *  - No I/O: a plugin opens no file, socket or process, starts no thread and never blocks; the host does that
 * for it.
 */
#ifndef TENON_ABI_H
#define TENON_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_ABI_MAJOR 1u
#define TENON_ABI_MINOR 0u
/* Name of the one exported symbol, a tenon_entry; the major version is part of it. */
#define TENON_ENTRY_SYMBOL "tenon_plugin_v1"
/* Name of the ELF section that holds manifest.json, readable without loading the library. */
#define TENON_MANIFEST_SECTION ".tenon.manifest"

/* A borrowed text or run of bytes. */
typedef struct tenon_str {
  const char* data;
  size_t size;
} tenon_str;

/* A running call of the host into an instance (fetch, find, ...), from the host's entry until `complete`. 0
 * is none. */
typedef uint64_t tenon_call;

/* What a call came to: tenon_result.verdict. */
typedef uint32_t tenon_verdict;
#define TENON_DELIVERED 0u /* create, update, deliver, hooks: it took effect */
#define TENON_RETRY 1u     /* any call: not now; the host decides when and whether */
#define TENON_REJECTED 2u  /* any call: the same input will always fail */
#define TENON_FOUND 3u /* fetch: `data` holds the object; find: `matches` (possibly none); list: `items` */
#define TENON_GONE 4u  /* fetch: the object does not exist (any more) */
#define TENON_CANCELLED 5u /* the host cancelled; nothing more was attempted */

/* Why a verdict is RETRY or REJECTED: tenon_result.cause. */
typedef uint32_t tenon_cause;
#define TENON_CAUSE_NONE 0u
#define TENON_CAUSE_NOT_SENT 1u     /* nothing left the host */
#define TENON_CAUSE_AMBIGUOUS 2u    /* sent, unknown whether it took effect */
#define TENON_CAUSE_THROTTLED 3u    /* the remote asked for a pause */
#define TENON_CAUSE_AUTH 4u         /* credentials refused */
#define TENON_CAUSE_STALE 5u        /* the id is gone at the remote */
#define TENON_CAUSE_CONFLICT 6u     /* exists already, or changed meanwhile */
#define TENON_CAUSE_REMOTE_ERROR 7u /* the remote failed */
#define TENON_CAUSE_INVALID 8u      /* the record is refused */
#define TENON_CAUSE_PLUGIN 9u       /* the plugin failed (the SDK reports exceptions so) */

/* Whether the remote may have seen a request: tenon_http_response.sent. Known to the transport only; the host
 * takes its own knowledge, not the plugin's, when it decides whether repeating is safe. */
typedef uint32_t tenon_sent;
#define TENON_SENT_NO 0u    /* failed before the first byte reached the socket */
#define TENON_SENT_MAYBE 1u /* bytes left, no status line came */
#define TENON_SENT_YES 2u   /* a status line came */

/* Log levels of tenon_host.log. */
#define TENON_LOG_DEBUG 0u
#define TENON_LOG_INFO 1u
#define TENON_LOG_WARN 2u
#define TENON_LOG_ERROR 3u

/* One header. Names are RFC 9110 tokens; values hold no CR, LF or NUL (the host refuses such a request). */
typedef struct tenon_header {
  uint32_t size;
  uint32_t reserved; /* 0 */
  tenon_str name;
  tenon_str value;
} tenon_header;

/* The request repeats nothing and changes nothing that matters (a search by POST, say). Without this flag a
 * POST or PATCH counts as the call's one non-idempotent request; a second one is refused with
 * TENON_HTTP_REFUSED. */
#define TENON_HTTP_SAFE 1u

/* One outgoing request. The host attaches the connection's credential (manifest `auth`), but only for the
 * hosts that manifest and connection allow; other hosts are refused. */
typedef struct tenon_http_request {
  uint32_t size;
  uint32_t flags; /* TENON_HTTP_* */
  tenon_str method;
  tenon_str url; /* absolute */
  const tenon_header* headers;
  size_t header_count;
  tenon_str body;
  uint32_t timeout_ms; /* 0: the host's default (60,000); never longer than the call's deadline */
  uint32_t reserved;   /* 0 */
} tenon_http_request;

/* Why there is no response: tenon_http_response.error. */
#define TENON_HTTP_OK 0u        /* status, headers and body are set */
#define TENON_HTTP_FAILED 1u    /* the transport failed; `message` says how */
#define TENON_HTTP_TIMEOUT 2u   /* a deadline passed */
#define TENON_HTTP_CANCELLED 3u /* the host cancelled the call: finish without further requests */
#define TENON_HTTP_REFUSED 4u   /* the host will not send this (host not allowed, malformed, second effect) */
#define TENON_HTTP_TOO_LARGE 5u /* the response passed the host's limits */

typedef struct tenon_http_response {
  uint32_t size;
  uint32_t error; /* TENON_HTTP_* */
  tenon_sent sent;
  int32_t status; /* 0 without a response */
  const tenon_header* headers;
  size_t header_count;
  tenon_str body;
  tenon_str message; /* for people, where error is not OK */
} tenon_http_response;

/* One object that `find` found. */
typedef struct tenon_match {
  uint32_t size;
  uint32_t reserved; /* 0 */
  tenon_str id;      /* the sink's id */
  tenon_str version; /* optional: for a conditional update */
  tenon_str text;    /* optional: the object as JSON, handed back to `update` */
} tenon_match;

/* One object of a `list` page. */
typedef struct tenon_item {
  uint32_t size;
  uint32_t reserved; /* 0 */
  tenon_str key;     /* orders it, as tenon_event.key */
  tenon_str version; /* optional */
  tenon_str type;    /* an event type of the manifest */
  tenon_str data;    /* JSON */
} tenon_item;

/* How a call ended; which fields count depends on the call and the verdict. */
typedef struct tenon_result {
  uint32_t size;
  tenon_verdict verdict;
  tenon_cause cause;
  uint32_t reserved;      /* 0 */
  int64_t retry_after_ms; /* from now; negative: the remote named none */
  tenon_str message;      /* for people: what happened, no secret, no payload */
  tenon_str id;           /* create, update, deliver: the sink's id, if learnt */
  tenon_str version;      /* fetch: of the object; create, update: of the object written; optional */
  tenon_str data;         /* fetch: the object as JSON; hooks: JSON */
  const tenon_match* matches;
  size_t match_count;
  const tenon_item* items;
  size_t item_count;
  tenon_str cursor; /* list: of the next page; empty at the end */
} tenon_result;

/* A name of something the event speaks of: {"customer", "32"}. */
typedef struct tenon_key {
  uint32_t size;
  uint32_t reserved; /* 0 */
  tenon_str name;
  tenon_str value;
} tenon_key;

/* The event says only that something changed: equal ones may fold into one, and a refetch is harmless. */
#define TENON_EVENT_THIN 1u

/* One event that `accept` found in a request. */
typedef struct tenon_event {
  uint32_t size;
  uint32_t flags; /* TENON_EVENT_* */
  tenon_str id;   /* optional: only if the payload names one; a signed delivery id is the host's business */
  tenon_str key;  /* what orders it; required */
  const tenon_key* keys;
  size_t key_count;
  tenon_str type;    /* required; a type the connection's pipelines do not know is counted and dropped */
  tenon_str version; /* optional */
  int64_t time_ms;   /* Unix milliseconds; negative: unknown */
  tenon_str data;    /* the payload that mappings see, JSON */
} tenon_event;

/* The request that `accept` reads. Headers that verification reads are not among these. */
typedef struct tenon_delivery {
  uint32_t size;
  uint32_t reserved; /* 0 */
  tenon_str body;    /* raw bytes, verified */
  const tenon_header* headers;
  size_t header_count;
  int64_t now_ms; /* Unix milliseconds of the arrival */
} tenon_delivery;

/* Called by `accept` once per event, in order. `user` is the pointer that came with the function. */
typedef void (*tenon_emit)(void* user, const tenon_event* event);
/* Called at most once by `create` or `accept` to say in words why it fails; the function then returns its
 * failure. */
typedef void (*tenon_fail)(void* user, tenon_str message);
/* Completes an http call: exactly once, never from inside tenon_host.http itself. */
typedef void (*tenon_http_done)(void* user, const tenon_http_response* response);

/* Types of tenon_json.type. */
#define TENON_JSON_MISSING 0u
#define TENON_JSON_NULL 1u
#define TENON_JSON_BOOLEAN 2u
#define TENON_JSON_NUMBER 3u
#define TENON_JSON_STRING 4u
#define TENON_JSON_ARRAY 5u
#define TENON_JSON_OBJECT 6u

/* What stands at a path of the body that `accept` reads. */
typedef struct tenon_json {
  uint32_t size;
  uint32_t type;   /* TENON_JSON_* */
  tenon_str text;  /* string: its characters; number: as written; boolean: true or false; else empty */
  size_t elements; /* array, object: how many */
} tenon_json;

/* What the host does for an instance. The table and `host` live until the process ends. */
typedef struct tenon_host {
  uint32_t size;
  uint32_t abi_minor;
  /* Opaque; passed back as the first argument of each function here. One per instance. */
  void* self;

  /* Writes one line to the host's log, with the call's event and connection. Never a secret: the instance has
   * none. */
  void (*log)(void* self, tenon_call call, uint32_t level, tenon_str message);

  /* Starts a request for `call`. The host throttles, signs, sends and records it, then calls `done(user,
   * response)` exactly once, from a later turn of the instance's thread: also when the call is unknown or
   * cancelled. */
  void (*http)(void* self, tenon_call call, const tenon_http_request* request, tenon_http_done done,
               void* user);

  /* Ends `call`. The first completion counts; a late, double or unknown one is counted and ignored. May be
   * called from inside the entry that began the call. After it the plugin uses the call no more. */
  void (*complete)(void* self, tenon_call call, const tenon_result* result);

  /* Unix milliseconds: the event's receiving time in `accept`, else the host's clock. */
  int64_t (*now_ms)(void* self);

  /* 64 random bits. */
  uint64_t (*random)(void* self);

  /* Only inside `accept`: looks up a JSON pointer (RFC 6901) in the delivery's body, which the host parses
   * once. Fills `out` (set out->size first) and returns 0; 1 if the body is not JSON within the host's
   * limits. Texts stay valid until `accept` returns. */
  uint32_t (*json_at)(void* self, tenon_str pointer, tenon_json* out);
  /* Only inside `accept`: the JSON text of what stands there, compact, numbers as written. Same returns and
   * lifetime; empty if nothing stands there. */
  uint32_t (*json_text)(void* self, tenon_str pointer, tenon_str* out);
} tenon_host;

/* What a connector may do as a source. A null function is an ability that it has not. */
typedef struct tenon_source {
  uint32_t size;
  uint32_t reserved; /* 0 */

  /* Splits a verified request into events. Ingress thread; pure and fast: no host function but log, now_ms
   * and json_*. Returns 0 when all events were emitted (none is fine: nothing of interest), 1 after `fail`
   * when the bytes are malformed: the host keeps them as a dead letter. Emitted events of a failed call are
   * dropped. */
  uint32_t (*accept)(void* instance, const tenon_delivery* delivery, tenon_emit emit, tenon_fail fail,
                     void* user);

  /* Reads the newest state of one object. `name` is one of the manifest's fetches, `arguments` a JSON object
   * that fits its schema. Ends with `complete`: FOUND, GONE, RETRY or REJECTED. */
  void (*fetch)(void* instance, tenon_call call, tenon_str name, tenon_str arguments);

  /* Reads one page of a list of the manifest. `query` is a JSON object, `cursor` empty for the first page. */
  void (*list)(void* instance, tenon_call call, tenon_str name, tenon_str query, tenon_str cursor);

  /* Webhooks at the source; `arguments` is JSON: {"url": text, "events": [type], "id"?: text, "headers"?:
   * {name: text}}. Each ends with `complete`: DELIVERED or FOUND with `data` = [{"id", "url", "event",
   * "active"}]. */
  void (*hooks_list)(void* instance, tenon_call call, tenon_str arguments);
  void (*hooks_create)(void* instance, tenon_call call, tenon_str arguments);
  void (*hooks_repair)(void* instance, tenon_call call, tenon_str arguments);
  void (*hooks_delete)(void* instance, tenon_call call, tenon_str arguments);
} tenon_source;

/* What a connector may do as a sink. `operation` is one of the manifest's; `record` a JSON object that fits
 * its input schema. Each function ends with `complete`, makes at most one non-idempotent request, and neither
 * loops nor waits to repeat. An operation of shape "upsert" needs find, create and update; one of shape
 * "call" needs deliver. */
typedef struct tenon_sink {
  uint32_t size;
  uint32_t reserved; /* 0 */

  /* Looks the record's object up by its identity. FOUND with all matches, in any order; none is an answer
   * too.
   */
  void (*find)(void* instance, tenon_call call, tenon_str operation, tenon_str record);

  /* Creates the object. Called only after `find` found none and the intent is on disk. `create_id` is the
   * same for every repetition: send it as the idempotency key or marker where the remote takes one. */
  void (*create)(void* instance, tenon_call call, tenon_str operation, tenon_str record, tenon_str create_id);

  /* Updates object `id`; must be harmless when repeated. `match` is what `find` answered, or null when the
   * host knew the id. A remote that no longer knows the id is RETRY with cause STALE. */
  void (*update)(void* instance, tenon_call call, tenon_str operation, tenon_str id, tenon_str record,
                 const tenon_match* match);

  /* Performs an operation of shape "call". `call_id` is the same for every repetition. */
  void (*deliver)(void* instance, tenon_call call, tenon_str operation, tenon_str record, tenon_str call_id);
} tenon_sink;

/* One connector. `source` and `sink` may be null, not both. */
typedef struct tenon_connector {
  uint32_t size;
  uint32_t reserved; /* 0 */
  tenon_str name;    /* as in the manifest */

  /* Makes an instance for one connection on the calling thread. `settings` is a JSON object that fits the
   * manifest's settings schema, defaults filled in, secrets left out. `host` lives until `destroy`. Returns
   * null after `fail`. Called once per connection and thread, and again after a reload. */
  void* (*create)(const tenon_host* host, tenon_str settings, tenon_fail fail, void* user);

  /* Ends the instance; no call of it is open. */
  void (*destroy)(void* instance);

  const tenon_source* source;
  const tenon_sink* sink;
} tenon_connector;

/* What the entry returns; lives until the process ends. */
typedef struct tenon_plugin {
  uint32_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved; /* 0 */
  const tenon_connector* const* connectors;
  size_t connector_count;
} tenon_plugin;

/* The exported symbol. Called once after loading, on the loading thread; does no work. */
typedef const tenon_plugin* (*tenon_entry)(void);

#ifdef __cplusplus
}
#endif

#endif
