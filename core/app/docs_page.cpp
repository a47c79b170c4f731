// docs/command-line.md: made from the commands' tree and the table of host options.
#include "app/verbs.hpp"

#include <algorithm>

#include "app/cli/help.hpp"
#include "config/host_options.hpp"

namespace tenon::app {
namespace {

constexpr std::string_view kOpening =
    R"(# The command line

Made from the commands themselves by `tenon __docs`; a test holds it to them. `tenon COMMAND --help` says the same.

- Results go to stdout, everything else to stderr. `--json` prints one document with stable keys; an error is then
  `{"error":{"code","message"}}` on stdout beside its line on stderr.
- On a terminal tables are aligned, with titles and local times; piped they are tab-separated rows without titles, nothing
  cut, times in UTC.
- Colours: `--color` wins over `NO_COLOR`, that over `CLICOLOR_FORCE`, that over `CLICOLOR=0` and `TERM=dumb`.
- Text that came from outside has its control characters shown as `\x1b`: no payload can draw on the terminal.
- Errors read `tenon: error: code: what happened`, the codes are those of [errors.md](errors.md); errors in files name
  file, line and column.

What scripts are made of, as it stands:

```sh runnable
tenon events list --state delivered | cut -f 1,4
tenon events list --json > events.json
tenon check --quiet pipelines/blueprint.yaml
```

## Exit codes

| code | meaning |
| --- | --- |
| 0 | fine |
| 1 | failure: it was asked for rightly and could not be done |
| 2 | bad input: arguments, pipeline files, tenon.yaml, environment |
| 130 | ended by Ctrl-C; what was done until then stays done, and is told |

## tenon.yaml

What an operator sets by flags may stand in a file: `--config FILE`, or `tenon.yaml` in the working directory if there is
one. A flag wins over the file. `tenon check` checks it, with the same diagnostics as pipelines; `tenon run --print-config`
shows what holds and where it came from. Paths are relative to the file's folder.

```yaml
tenon: 1
listen: 127.0.0.1:8080
data: /var/lib/tenon
pipelines: [pipelines]
```

| key | flag | default | what it sets |
| --- | --- | --- | --- |
)";

/// `|` would end the cell.
std::string table_cell(std::string text) {
  for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}

std::string host_table() {
  std::string out;
  for (const config::HostOption& option : config::kHostOptions) {
    const std::string preset(option.preset.empty() ? option.instead : option.preset);
    const bool pipelines = option.key == "pipelines";
    out += "| `" + std::string(option.key) + "` | " +
           (pipelines ? "arguments" : "`" + config::flag_of(option) + "`") + " | " +
           (preset.empty() ? "-" : table_cell(preset)) + " | " + table_cell(std::string(option.help)) +
           (config::is_list(option) ? "; a list" : "") + " |\n";
  }
  return out;
}

void add_command(std::string& out, const Command& command) {
  if (command.is_hidden()) return;
  if (command.runs()) {
    out += "\n### " + command.path() + "\n\n" + command.summary() + ".\n";
    if (!command.about_text().empty()) out += "\n" + command.about_text() + "\n";
    out += "\n```text\n" + usage_line(command) + "\n```\n\n| option | what it does |\n| --- | --- |\n";
    for (const auto& option : command.options()) {
      if (option->common) continue;
      out += "| `" + option_names(*option) + "` | " + table_cell(option_help(*option)) + " |\n";
    }
    out += "\n```sh\n";
    for (const auto& example : command.examples()) out += "# " + example.what + "\n" + example.line + "\n";
    out += "```\n";
  }
  for (const auto& verb : command.verbs()) add_command(out, *verb);
}

}  // namespace

std::string docs_page(const Command& root) {
  std::string out(kOpening);
  out += host_table();
  out +=
      "\n## Commands\n\nEach knows `-h, --help`, `-q, --quiet` (results and errors only) and `--color "
      "auto|always|never` too.\n";
  add_command(out, root);
  return out;
}

}  // namespace tenon::app
