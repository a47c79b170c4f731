/* Says another major version in its table than its symbol and manifest do. */
#define ZOO_NAME "wrong_major"
#define ZOO_MAJOR 2
#include "../table.h"
