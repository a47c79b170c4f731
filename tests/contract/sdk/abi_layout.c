/* abi.h is C11 and stays where it is: sizes and offsets of version 1.0 on 64-bit Linux. A field may be added
 * at a struct's tail (raise the size here), never moved. */
#include <tenon/abi.h>

#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " has another size")
#define AT(type, field, bytes) \
  _Static_assert(offsetof(struct type, field) == (bytes), #type "." #field " has moved")

SIZE(tenon_str, 16);
SIZE(tenon_header, 40);
AT(tenon_header, value, 24);
SIZE(tenon_http_request, 80);
AT(tenon_http_request, method, 8);
AT(tenon_http_request, url, 24);
AT(tenon_http_request, headers, 40);
AT(tenon_http_request, body, 56);
AT(tenon_http_request, timeout_ms, 72);
SIZE(tenon_http_response, 64);
AT(tenon_http_response, sent, 8);
AT(tenon_http_response, status, 12);
AT(tenon_http_response, headers, 16);
AT(tenon_http_response, body, 32);
AT(tenon_http_response, message, 48);
SIZE(tenon_match, 56);
SIZE(tenon_item, 72);
SIZE(tenon_result, 136);
AT(tenon_result, retry_after_ms, 16);
AT(tenon_result, message, 24);
AT(tenon_result, matches, 88);
AT(tenon_result, items, 104);
AT(tenon_result, cursor, 120);
SIZE(tenon_key, 40);
SIZE(tenon_event, 112);
AT(tenon_event, keys, 40);
AT(tenon_event, time_ms, 88);
AT(tenon_event, data, 96);
SIZE(tenon_delivery, 48);
AT(tenon_delivery, now_ms, 40);
SIZE(tenon_json, 32);
SIZE(tenon_host, 72);
AT(tenon_host, http, 24);
AT(tenon_host, json_text, 64);
SIZE(tenon_source, 64);
AT(tenon_source, hooks_delete, 56);
SIZE(tenon_sink, 40);
AT(tenon_sink, deliver, 32);
SIZE(tenon_connector, 56);
AT(tenon_connector, sink, 48);
SIZE(tenon_plugin, 32);
AT(tenon_plugin, connector_count, 24);
