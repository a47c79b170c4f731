/* The tables and the exported symbol of an animal; included last. */
#include "zoo.h"

#ifndef ZOO_CREATE
#define ZOO_CREATE zoo_create
#endif
#ifndef ZOO_ACCEPT
#define ZOO_ACCEPT zoo_accept
#endif
#ifndef ZOO_FETCH
#define ZOO_FETCH zoo_fetch
#endif
#ifndef ZOO_FIND
#define ZOO_FIND zoo_find
#endif
#ifndef ZOO_CREATE_THING
#define ZOO_CREATE_THING zoo_create_thing
#endif
#ifndef ZOO_DELIVER
#define ZOO_DELIVER zoo_deliver
#endif
#ifndef ZOO_CONNECTOR
#define ZOO_CONNECTOR ZOO_NAME
#endif
#ifndef ZOO_MAJOR
#define ZOO_MAJOR TENON_ABI_MAJOR
#endif
#ifndef ZOO_MINOR
#define ZOO_MINOR TENON_ABI_MINOR
#endif
#ifndef ZOO_SINK_SIZE
#define ZOO_SINK_SIZE sizeof(tenon_sink)
#endif

static const tenon_source source_table = {
    sizeof(tenon_source), 0, ZOO_ACCEPT, ZOO_FETCH, NULL, NULL, NULL, NULL, NULL};
static const tenon_sink sink_table = {ZOO_SINK_SIZE, 0, ZOO_FIND, ZOO_CREATE_THING, zoo_update, ZOO_DELIVER};
static const tenon_connector connector_table = {
    sizeof(tenon_connector), 0,          {ZOO_CONNECTOR, sizeof ZOO_CONNECTOR - 1}, ZOO_CREATE, zoo_destroy,
    &source_table,           &sink_table};
static const tenon_connector* const connector_tables[] = {&connector_table};
static const tenon_plugin plugin_table = {sizeof(tenon_plugin), ZOO_MAJOR, ZOO_MINOR, 0, connector_tables, 1};

#ifndef ZOO_ENTRY
#define ZOO_ENTRY tenon_plugin_v1
#endif
#ifdef __cplusplus
extern "C"
#endif
    __attribute__((visibility("default"))) const tenon_plugin*
    ZOO_ENTRY(void);
const tenon_plugin* ZOO_ENTRY(void) {
#ifdef ZOO_NULL_ENTRY
  return NULL;
#else
  return &plugin_table;
#endif
}
