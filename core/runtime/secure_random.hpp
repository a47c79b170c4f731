// Bytes that nobody can guess, for keys, nonces and states; Random is for chance.
#pragma once

#include <cstddef>
#include <string>

namespace tenon::runtime {

/// From the kernel. Any thread. Ends the process if the kernel has none: nothing may go on without.
std::string secure_random(std::size_t bytes);

}  // namespace tenon::runtime
