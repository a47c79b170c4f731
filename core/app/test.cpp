// tenon test: the tests of pipeline files, run on a host with a turned clock and a played network.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>

#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/definitions.hpp"
#include "app/test_report.hpp"
#include "app/verbs.hpp"
#include "observe/log.hpp"
#include "runtime/file_watch.hpp"
#include "trial/report.hpp"

namespace tenon::app {
namespace {

struct TestOptions {
  DefinitionSources sources;
  std::string filter;
  std::string junit;
  bool samples = false;
  bool watch = false;
};

int run_samples(const TestOptions& options, const std::vector<config::Loaded>& files,
                plugin::Registry& registry) {
  std::vector<trial::SampleReport> reports;
  std::size_t total = 0;
  for (const config::Loaded& file : files) total += trial::count_samples(file.config, options.filter);
  std::optional<Progress> progress(std::in_place, "samples", total);
  for (const config::Loaded& file : files) {
    for (auto& report :
         trial::run_samples(file.config, registry, options.filter, [&] { progress->one_more(); }))
      reports.push_back(std::move(report));
  }
  progress.reset();
  if (output().json()) {
    output().document(trial::render_json(reports));
  } else {
    output().text(render_samples(reports, output().out()));
  }
  const bool good =
      std::all_of(reports.begin(), reports.end(), [](const auto& report) { return report.ok(); });
  return good ? kExitOk : kExitFailure;
}

int run_tests(const TestOptions& options, const std::vector<config::Loaded>& files,
              plugin::Registry& registry) {
  std::vector<trial::PipelineReport> reports;
  std::size_t total = 0;
  for (const config::Loaded& file : files) total += trial::count_tests(file.config, options.filter);
  std::optional<Progress> progress(std::in_place, "tests", total);
  for (const config::Loaded& file : files) {
    for (auto& report :
         trial::run_tests(file.config, registry, options.filter, [&] { progress->one_more(); }))
      reports.push_back(std::move(report));
  }
  progress.reset();
  if (!options.junit.empty()) {
    std::ofstream file(options.junit, std::ios::binary);
    file << trial::render_junit(reports);
    file.close();
    if (!file) return output().fail("file_failed", options.junit + ": cannot be written", kExitFailure);
  }
  if (output().json()) {
    output().document(trial::render_json(reports));
  } else {
    output().text(render_tests(reports, output().out()));
  }
  return trial::totals_of(reports).failed == 0 ? kExitOk : kExitFailure;
}

/// All files are read anew, with stand-ins for the environment.
int test_once(const TestOptions& options) {
  auto registry = plugin::open_registry(plugin_directory(options.sources.plugin_dir));
  if (!registry) return output().fail(registry.error(), kExitBadInput);
  for (const Error& refused : (*registry)->refused()) log::warn(refused.code, refused.message);
  config::LoadOptions load;
  load.stand_ins = true;
  std::optional<Progress> progress(std::in_place, "files");
  load.on_file = [&](std::size_t done, std::size_t total) {
    progress->total(total);
    progress->at(done);
  };
  std::vector<config::Loaded> files = config::load_each(options.sources.pipelines, {}, **registry, load);
  progress.reset();
  std::vector<config::Diagnostic> diagnostics;
  for (const config::Loaded& file : files) {
    diagnostics.insert(diagnostics.end(), file.diagnostics.begin(), file.diagnostics.end());
  }
  const bool good =
      std::all_of(files.begin(), files.end(), [](const config::Loaded& file) { return file.ok(); });
  if (output().json() && !good) {
    output().document(config::render_json(diagnostics));
    return kExitBadInput;
  }
  if (!output().quiet() || !good) std::cerr << config::render_text(diagnostics, output().err().color);
  if (!good) return kExitBadInput;

  // What hosts of tests have to say is what the tests are about.
  log::set_level(log::Level::off);
  return options.samples ? run_samples(options, files, **registry) : run_tests(options, files, **registry);
}

/// Again with each change, until the process is interrupted.
int watch(const TestOptions& options) {
  auto changes = runtime::FileWatch::open(options.sources.pipelines);
  if (!changes) return output().fail(changes.error(), kExitBadInput);
  for (;;) {
    test_once(options);
    output().note("watching; Ctrl-C ends");
    std::cout.flush();
    if (const Status changed = changes->wait(); !changed) return output().fail(changed.error());
  }
}

}  // namespace

void add_test(Command& program) {
  Command& command = program.verb("test", "Run the tests of pipeline files");
  command.about(
      "Each test runs the real host and the real plugins on a turned clock; remotes are played by what the "
      "test "
      "and the connectors' samples say. Nothing is sent, and no environment is needed: settings that come "
      "from "
      "${NAME} get stand-ins.");
  command.about("Differences are told with the place of the expectation; then what no test reached.");
  auto& options = command.keep<TestOptions>();
  add_plugin_dir(command, options.sources.plugin_dir);
  command.argument("pipelines", options.sources.pipelines, "Pipeline files, or folders of them")
      .required()
      .completes(Completes::pipeline);
  command.option("--filter", options.filter, "Only tests whose name, or whose pipeline's, holds this text")
      .value("TEXT");
  command.option("--junit", options.junit, "Write the results there too, as JUnit's XML")
      .value("FILE")
      .completes(Completes::file);
  command.flag(
      "--samples", options.samples,
      "Run every sample event of the connectors through its pipelines instead; show ends and records");
  command.flag("--watch", options.watch, "Run again when a file changes");
  command.json();
  command.example("tenon test pipelines/blueprint.yaml", "The tests of one file");
  command.example("tenon test --samples pipelines", "What the connectors' samples become");
  command.example("tenon test --json --filter capitals pipelines", "Some of them, for a program");
  command.run([&options] { return options.watch ? watch(options) : test_once(options); });
}

}  // namespace tenon::app
