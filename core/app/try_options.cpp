#include "app/try_options.hpp"

#include <iostream>
#include <iterator>

#include "app/cli/output.hpp"
#include "app/definitions.hpp"
#include "observe/log.hpp"
#include "runtime/files.hpp"

namespace tenon::app {
namespace {

Result<std::string> read_document(const std::string& file) {
  if (file != "-") return runtime::read_file(file);
  return std::string{std::istreambuf_iterator<char>(std::cin), {}};
}

Error in_file(const std::string& file, const Error& error) {
  return {error.code, (file == "-" ? "stdin" : file) + ": " + error.message};
}

}  // namespace

void add_try_options(Command& command, TryOptions& options) {
  command.option("--event", options.event, "The event: a JSON file, - for stdin")
      .value("FILE")
      .completes(Completes::file);
  command.option("--sample", options.sample, "Or the connector's sample of that event type").value("TYPE");
  command.option("--fetch", options.fetch, "What a fetch answers: a JSON file, by the fetch's name")
      .value("NAME=FILE");
  add_plugin_dir(command, options.plugin_dir);
}

Result<std::unique_ptr<OpenBench>> open_bench(const TryOptions& options) {
  if (!options.event.empty() && !options.sample.empty())
    return Error("bad_argument", "--event and --sample: one of the two");
  if (options.pipeline.empty() && !options.fetch.empty())
    return Error("bad_argument", "--fetch needs --pipeline, which names the fetches");
  auto open = std::make_unique<OpenBench>();
  trial::BenchInput input;
  input.sample = options.sample;
  if (!options.event.empty()) {
    TENON_TRY(input.document, read_document(options.event));
  }
  if (options.pipeline.empty() && options.sample.empty()) {
    auto made = trial::Bench::of_document(input.document.empty() ? "{}" : input.document);
    if (!made) return in_file(options.event, made.error());
    open->bench = std::move(*made);
    return open;
  }
  TENON_TRY(open->registry, plugin::open_registry(plugin_directory(options.plugin_dir)));
  log::set_level(log::Level::error);
  if (options.pipeline.empty()) {
    TENON_TRY(open->bench, trial::Bench::of_sample(*open->registry, options.sample));
    return open;
  }
  for (const std::string& text : options.fetch) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error("bad_argument", "--fetch " + text + ": expected NAME=FILE");
    const std::string file = text.substr(equals + 1);
    TENON_TRY(input.fetch[text.substr(0, equals)], read_document(file));
  }
  config::LoadOptions load;
  load.stand_ins = true;
  open->loaded = config::load(std::vector{options.pipeline}, {}, *open->registry, load);
  if (!open->loaded.ok() || open->loaded.config.pipelines.empty()) {
    std::cerr << config::render_text(open->loaded.diagnostics, output().err().color);
    return std::unique_ptr<OpenBench>();
  }
  const auto& pipeline = open->loaded.config.pipelines.front();
  for (const auto& [name, json] : input.fetch) {
    const bool known =
        std::any_of(pipeline->fetches.begin(), pipeline->fetches.end(),
                    [&name = name](const config::FetchStep& step) { return step.name == name; });
    if (!known) return Error("bad_argument", "--fetch " + name + ": the pipeline has no fetch of that name");
  }
  auto made = trial::Bench::of_pipeline(open->loaded.config, pipeline, *open->registry, input);
  if (!made) return options.event.empty() ? made.error() : in_file(options.event, made.error());
  open->bench = std::move(*made);
  return open;
}

}  // namespace tenon::app
