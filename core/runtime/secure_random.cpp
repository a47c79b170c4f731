#include "runtime/secure_random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace tenon::runtime {

std::string secure_random(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t got = 0; got < bytes;) {
    const ssize_t more = getrandom(out.data() + got, bytes - got, 0);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) std::abort();
    got += static_cast<std::size_t>(more);
  }
  return out;
}

}  // namespace tenon::runtime
