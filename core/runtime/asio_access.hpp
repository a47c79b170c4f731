// The one door to Asio behind an executor, for listeners that stand on it.
#pragma once

#include <boost/asio/io_context.hpp>

#include "runtime/executor.hpp"

namespace tenon::runtime {

/// The loop of an executor of the real runtime; any other executor is a programming error (std::logic_error).
/// Lives as long as the runtime. Whoever has handlers or sockets in it closes them before the runtime goes.
boost::asio::io_context& io_context_of(Executor& executor);

}  // namespace tenon::runtime
