// tenon schema: the JSON Schema of the files that people write, for their editors.
#include "config/schema.hpp"
#include "app/cli/output.hpp"
#include "app/definitions.hpp"
#include "app/host_flags.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"

namespace tenon::app {
namespace {

int schema(const HostFlags& host, const std::string& file) {
  std::string text;
  if (file == "host") {
    text = config::host_schema();
  } else {
    const auto registry = open_plugins(host.settings().text("plugin_dir"), host.settings().list("pin"));
    if (!registry) return output().fail(registry.error(), kExitBadInput);
    text =
        file == "connections" ? config::connections_schema(**registry) : config::pipeline_schema(**registry);
  }
  const auto document = parse_json(text, JsonLimits{.depth = 100, .members = 1'000'000});
  if (!document) return output().fail(document.error());
  output().text(to_pretty_json(document->root) + "\n");
  return kExitOk;
}

}  // namespace

void add_schema(Command& program) {
  Command& command = program.verb("schema", "Print the JSON Schema of a file, for editors");
  command.about(
      "Draft-07, made of the tables that `tenon check` reads by, with the settings of the connectors that "
      "are "
      "installed. `connections` is a file that others `use:`, `host` is tenon.yaml. Editors with "
      "yaml-language-server complete and check by it; see docs/check.md.");
  HostFlags& host = add_host_flags(command, {"plugin_dir", "pin"});
  auto& file = command.keep<std::string>();
  file = "pipeline";
  command.argument("file", file, "Which file").one_of({"pipeline", "connections", "host"}).shows_default();
  command.example("tenon schema > pipeline.schema.json", "Of pipeline files");
  command.example("tenon schema host > tenon.schema.json", "Of tenon.yaml");
  command.run([&host, &file] { return schema(host, file); });
}

}  // namespace tenon::app
