// An exception out of create, through the C table.
#include <stdexcept>

#include "../zoo.h"

static void* create(const tenon_host*, tenon_str, tenon_fail, void*) { throw std::runtime_error("no today"); }

#define ZOO_NAME "throws_in_create"
#define ZOO_CREATE create
#include "../table.h"
