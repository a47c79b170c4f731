/* Its manifest has an upsert, its sink no find. */
#define ZOO_NAME "null_function"
#define ZOO_FIND NULL
#include "../table.h"
