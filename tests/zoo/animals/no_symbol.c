#define ZOO_NAME "no_symbol"
#define ZOO_ENTRY tenon_plugin_v0
#include "../table.h"
