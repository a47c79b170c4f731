#include "canary.h"
#define ZOO_NAME "canary_no_manifest"
#include "../table.h"
