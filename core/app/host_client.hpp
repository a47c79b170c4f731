// What the verbs that ask a running host have in common.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/command.hpp"
#include "base/result.hpp"
#include "base/value.hpp"

namespace tenon::app {

/// --data, or what tenon.yaml says, or the default; in `data` when the verb runs.
void add_data(Command& command, std::string& data);

/// GET `target` from the host of that data directory, parsed. Blocks. Errors: `no_host` (none answers there),
/// `not_found` (its 404), `host_failed` (any other status, or an answer that cannot be read).
Result<Document> ask_host(const std::string& data, const std::string& target);

}  // namespace tenon::app
