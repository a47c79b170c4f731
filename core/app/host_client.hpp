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

/// GET `target` from the host of that data directory, parsed. Where none runs, the answer is made from its
/// files and stderr says so. Blocks. Errors: `no_host` (none answers there, and there is no journal),
/// `not_found` (its 404), `host_failed` (any other status, or an answer that cannot be read), those of
/// opening the journal.
Result<Document> ask_host(const std::string& data, const std::string& target);
/// The same as POST. Where no host runs, what is asked for is written into the journal under its lock.
Result<Document> tell_host(const std::string& data, const std::string& target, const std::string& body);

/// Whether what was asked last was answered from the files of a host that does not run.
bool host_is_stopped();

/// Closes the files that the two above have opened. To be called before the process ends.
void close_stopped_host();

}  // namespace tenon::app
