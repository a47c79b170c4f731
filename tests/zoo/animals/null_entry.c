#define ZOO_NAME "null_entry"
#define ZOO_NULL_ENTRY
#include "../table.h"
