// What a service manager such as systemd hands to a process, and wants to hear from it: its two small
// protocols, sd_listen_fds(3) and sd_notify(3), without the library, which would bring three compressors into
// the process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenon::runtime {

struct PassedSocket {
  int descriptor = -1;  ///< closed on exec; the caller's from now on
  std::string name;     ///< FileDescriptorName= of the unit; may be empty
};

/// The sockets that LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES speak of, if they are for this process. The
/// variables are removed: a child must not take them for its own. Before other threads run. Errors:
/// `listen_failed` if the variables contradict themselves or name descriptors that are not open.
Result<std::vector<PassedSocket>> passed_sockets();

/// Sends `state`, such as `READY=1`, to NOTIFY_SOCKET; does nothing without it. Never blocks.
void notify_service_manager(std::string_view state);

}  // namespace tenon::runtime
