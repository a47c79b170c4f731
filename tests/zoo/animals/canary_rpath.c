#include "canary.h"
#define ZOO_NAME "canary_rpath"
#include "../table.h"
