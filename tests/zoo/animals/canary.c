#include "canary.h"
#define ZOO_NAME "canary"
#include "../table.h"
