/* Its sink was compiled when the struct had no `deliver`. */
#define ZOO_NAME "short_struct"
#define ZOO_SINK_SIZE offsetof(tenon_sink, deliver)
#include "../table.h"
