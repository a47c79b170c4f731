#include "canary.h"
#define ZOO_NAME "canary_next_major"
#define ZOO_ENTRY tenon_plugin_v1
#include "../table.h"
