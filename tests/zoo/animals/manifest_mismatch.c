/* Its library names another connector than its manifest. */
#define ZOO_NAME "manifest_mismatch"
#define ZOO_CONNECTOR "somebody_else"
#include "../table.h"
