#define ZOO_NAME "no_manifest"
#include "../table.h"
