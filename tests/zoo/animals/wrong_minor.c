#define ZOO_NAME "wrong_minor"
#define ZOO_MINOR 7
#include "../table.h"
