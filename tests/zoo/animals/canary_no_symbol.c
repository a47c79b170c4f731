#include "canary.h"
#define ZOO_NAME "canary_no_symbol"
#define ZOO_ENTRY tenon_plugin_v0
#include "../table.h"
