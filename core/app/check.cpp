// tenon check: pipeline files read and checked, nothing run or written.
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "app/commands.hpp"
#include "app/definitions.hpp"

namespace tenon::app {

int check(const CheckOptions& options) {
  const auto read = read_definitions({options.plugin_dir, options.env_file, options.pipelines});
  if (!read) {
    std::cerr << "tenon: " << read.error().text() << "\n";
    return kExitBadInput;
  }
  const auto& diagnostics = (*read)->loaded.diagnostics;
  if (options.json) {
    std::cout << config::render_json(diagnostics) << "\n";
  } else {
    std::cerr << config::render_text(diagnostics, isatty(STDERR_FILENO) != 0);
    if ((*read)->loaded.ok()) {
      std::cout << (*read)->loaded.config.pipelines.size() << " pipeline(s), "
                << (*read)->loaded.config.connections.size() << " connection(s): no errors\n";
    }
  }
  return (*read)->loaded.ok() ? kExitOk : kExitBadInput;
}

}  // namespace tenon::app
