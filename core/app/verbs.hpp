// The verbs of the command line: each adds itself to the tree, from the file of its name.
#pragma once

#include <string>
#include <vector>

#include "app/cli/command.hpp"
#include "app/cli/complete.hpp"

namespace tenon::app {

void add_apply(Command& program);
void add_auth(Command& program);
void add_backup(Command& program);
void add_check(Command& program);
void add_completion(Command& program);
void add_dead(Command& program);
void add_eval(Command& program);
void add_events(Command& program);
void add_explain(Command& program);
void add_forget(Command& program);
void add_log_level(Command& program);
void add_pause(Command& program);
void add_plugins(Command& program);
void add_replay(Command& program);
void add_resume(Command& program);
void add_run(Command& program);
void add_schema(Command& program);
void add_status(Command& program);
void add_test(Command& program);
void add_version(Command& program);

/// For completion: what is there of that kind, by the plugin directory or the running host.
std::vector<Candidate> values_of(Completes kind, const TypedWords& typed);

/// docs/command-line.md.
std::string docs_page(const Command& root);

}  // namespace tenon::app
