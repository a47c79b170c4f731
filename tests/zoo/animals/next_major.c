/* Of another major version throughout: its manifest says so before anything is loaded. */
#define ZOO_NAME "next_major"
#define ZOO_MAJOR 2
#define ZOO_ENTRY tenon_plugin_v2
#include "../table.h"
