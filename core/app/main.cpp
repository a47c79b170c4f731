#include <CLI/CLI.hpp>
#include <iostream>

#include "app/commands.hpp"

namespace {

using namespace tenon::app;

void add_events(CLI::App& app, EventsOptions& options, bool dead, int& code) {
  const std::string what = dead ? "dead letters" : "events";
  CLI::App* group =
      app.add_subcommand(dead ? "dead" : "events", "List or show " + what + " of a running host");
  group->require_subcommand(1);
  const auto common = [&](CLI::App* command) {
    command->add_option("--data", options.data, "The host's data directory")->capture_default_str();
    command->add_flag("--json", options.json, "Print JSON");
  };
  CLI::App* list = group->add_subcommand("list", "List " + what + ", newest first");
  common(list);
  list->add_option("--pipeline", options.pipeline, "Only of this pipeline");
  if (!dead)
    list->add_option(
        "--state", options.state,
        "waiting, retrying, or an end: delivered, skipped, superseded, duplicate, rejected, exhausted");
  list->add_option("--key", options.key, "Only of this key");
  list->add_option("--limit", options.limit, "At most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  list->callback([&options, &code, dead] {
    options.dead = dead;
    code = list_events(options);
  });
  CLI::App* show =
      group->add_subcommand("show", "Show one, with its attempts and what was said to the remotes");
  common(show);
  show->add_option("id", options.id, "Number or id, as `list` prints it")->required();
  show->callback([&options, &code, dead] {
    options.dead = dead;
    code = show_event(options);
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"tenon joins SaaS APIs in real time: plugins, YAML pipelines, one binary.", "tenon"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "tenon " TENON_VERSION);
  app.footer("Exit codes: 0 fine, 1 failure, 2 bad input (arguments, pipeline files, environment).");
  int code = kExitOk;

  RunOptions run_options;
  CLI::App* run_command = app.add_subcommand("run", "Run pipelines; prints one line when ready");
  run_command
      ->add_option("--listen", run_options.listen,
                   "Where webhooks come in, ADDRESS:PORT (port 0: any free one)")
      ->capture_default_str();
  run_command->add_option("--admin", run_options.admin, "Serve /healthz and /readyz here, ADDRESS:PORT");
  run_command->add_option("--data", run_options.data, "Directory of the journal; created if missing")
      ->capture_default_str();
  run_command->add_option("--plugin-dir", run_options.plugin_dir,
                          "Directory of the plugins (default: ../lib/tenon beside the binary)");
  run_command->add_option("--env-file", run_options.env_file,
                          "File of NAME=VALUE lines (default: .env, if there is one)");
  run_command->add_option("pipelines", run_options.pipelines, "Pipeline files, or folders of them")
      ->required();
  run_command->callback([&] { code = run(run_options); });

  CheckOptions check_options;
  CLI::App* check_command = app.add_subcommand("check", "Check pipeline files without running them");
  check_command->add_option("--plugin-dir", check_options.plugin_dir,
                            "Directory of the plugins (default: ../lib/tenon beside the binary)");
  check_command->add_option("--env-file", check_options.env_file,
                            "File of NAME=VALUE lines (default: .env, if there is one)");
  check_command->add_flag("--json", check_options.json, "Print JSON");
  check_command->add_option("pipelines", check_options.pipelines, "Pipeline files, or folders of them")
      ->required();
  check_command->callback([&] { code = check(check_options); });

  EventsOptions events_options;
  add_events(app, events_options, false, code);
  EventsOptions dead_options;
  add_events(app, dead_options, true, code);

  bool version_json = false;
  CLI::App* version_command = app.add_subcommand("version", "Print the version");
  version_command->add_flag("--json", version_json, "Print JSON");
  version_command->callback([&] {
    std::cout << (version_json ? "{\"version\":\"" TENON_VERSION "\"}\n" : "tenon " TENON_VERSION "\n");
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int parsed = app.exit(error);
    return parsed == 0 ? kExitOk : kExitBadInput;
  }
  return code;
}
