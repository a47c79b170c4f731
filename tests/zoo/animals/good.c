#define ZOO_NAME "good"
#include "../table.h"
