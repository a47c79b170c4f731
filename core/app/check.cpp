// tenon check: pipeline files read and checked, nothing run or written.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "app/check_fix.hpp"
#include "app/cli/output.hpp"
#include "app/definitions.hpp"
#include "app/verbs.hpp"

namespace tenon::app {
namespace {

bool is_host_file(const std::string& path) {
  return std::filesystem::path(path).filename() == config::kHostFileName;
}

/// Of tenon.yaml, and of those among the paths; these are taken out.
std::vector<config::Diagnostic> check_host_files(const HostFlags& host, std::vector<std::string>& paths,
                                                 std::size_t& count) {
  std::vector<config::Diagnostic> all = host.diagnostics();
  count = host.file().empty() ? 0 : 1;
  for (const std::string& path : paths) {
    if (!is_host_file(path) || std::filesystem::path(path) == host.file()) continue;
    for (auto& diagnostic : config::load_host_file(path).diagnostics) all.push_back(std::move(diagnostic));
    ++count;
  }
  std::erase_if(paths, is_host_file);
  return all;
}

struct CheckOptions {
  bool strict = false;
  bool fix = false;
  bool dry_run = false;
};

int check(const HostFlags& host, const CheckOptions& options) {
  DefinitionSources sources = sources_of(host.settings());
  if (options.fix) {
    if (const int code = require_pipelines(sources); code != kExitOk) return code;
    if (const Status fixed = fix_files(sources, options.dry_run); !fixed)
      return output().fail(fixed.error(), kExitBadInput);
  }
  std::size_t host_files = 0;
  std::vector<config::Diagnostic> diagnostics = check_host_files(host, sources.pipelines, host_files);
  config::Loaded loaded;
  if (host_files == 0 || !sources.pipelines.empty()) {
    if (const int code = require_pipelines(sources); code != kExitOk) return code;
    auto read = read_definitions(sources);
    if (!read) return output().fail(read.error(), kExitBadInput);
    loaded = std::move((*read)->loaded);
  }
  diagnostics.insert(diagnostics.end(), std::make_move_iterator(loaded.diagnostics.begin()),
                     std::make_move_iterator(loaded.diagnostics.end()));
  const bool ok = std::none_of(diagnostics.begin(), diagnostics.end(), [](const config::Diagnostic& each) {
    return each.severity == config::Diagnostic::Severity::error;
  });
  if (output().json()) {
    output().document(config::render_json(diagnostics));
  } else {
    std::cerr << config::render_text(diagnostics, output().err().color);
    if (ok && !output().quiet()) {
      output().text(std::to_string(loaded.config.pipelines.size()) + " pipeline(s), " +
                    std::to_string(loaded.config.connections.size()) + " connection(s)" +
                    (host_files > 0 ? ", host file" : "") + ": no errors\n");
    }
  }
  return ok && (!options.strict || diagnostics.empty()) ? kExitOk : kExitBadInput;
}

}  // namespace

void add_check(Command& program) {
  Command& command = program.verb("check", "Check pipeline files and tenon.yaml without running them");
  command.about(
      "Every error of every file is told at once, with its place, what was found, what was expected and the "
      "nearest known name. Nothing is run, and no plugin's code is loaded.\n\n"
      "--fix writes what can only be meant one way into the files: a name with one nearest candidate where "
      "the "
      "file is refused without, quotes around a value that YAML takes apart or reads as another type. All "
      "other bytes stay. It shows what it changes; what it cannot decide is told as ever.");
  HostFlags& host = add_host_flags(command, {"plugin_dir", "pin", "env_file", "pipelines"});
  host.on_faults(HostFlags::Faults::keep);
  auto& options = command.keep<CheckOptions>();
  command.flag("--strict", options.strict, "Warnings too end with exit code 2");
  command.flag("--fix", options.fix, "Mend what can only be meant one way, and show it");
  command.flag("--dry-run", options.dry_run, "With --fix: show it, and write nothing");
  command.json();
  command.example("tenon check pipelines/blueprint.yaml", "One file");
  command.example("tenon check --json pipelines/blueprint.yaml", "For an editor");
  command.example("tenon check --fix --dry-run pipelines/blueprint.yaml", "What could be mended");
  command.run([&host, &options] { return check(host, options); });
}

}  // namespace tenon::app
