// tenon check: pipeline files read and checked, nothing run or written.
#include <iostream>

#include "app/cli/output.hpp"
#include "app/definitions.hpp"
#include "app/verbs.hpp"

namespace tenon::app {
namespace {

int check(const DefinitionSources& sources) {
  const auto read = read_definitions(sources);
  if (!read) return output().fail(read.error(), kExitBadInput);
  const config::Loaded& loaded = (*read)->loaded;
  if (output().json()) {
    output().document(config::render_json(loaded.diagnostics));
  } else {
    std::cerr << config::render_text(loaded.diagnostics, output().err().color);
    if (loaded.ok() && !output().quiet()) {
      output().text(std::to_string(loaded.config.pipelines.size()) + " pipeline(s), " +
                    std::to_string(loaded.config.connections.size()) + " connection(s): no errors\n");
    }
  }
  return loaded.ok() ? kExitOk : kExitBadInput;
}

}  // namespace

void add_check(Command& program) {
  Command& command = program.verb("check", "Check pipeline files without running them");
  command.about(
      "Every error of every file is told at once, with its place, what was found, what was expected and the "
      "nearest known name. Nothing is run or written, and no plugin's code is loaded.");
  auto& sources = command.keep<DefinitionSources>();
  add_definition_options(command, sources);
  command.json();
  command.example("tenon check pipelines/blueprint.yaml", "One file");
  command.example("tenon check --json pipelines", "A folder of files, for an editor");
  command.run([&sources] { return check(sources); });
}

}  // namespace tenon::app
