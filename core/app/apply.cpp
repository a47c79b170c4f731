// tenon apply: a running host takes changed pipeline files.
#include <filesystem>
#include <iostream>

#include "app/cli/output.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

struct ApplyOptions {
  std::string data = "data";
  std::vector<std::string> pipelines;
  bool plan = false;
};

std::string body_of(const ApplyOptions& options) {
  std::string body = "{\"paths\":[";
  for (const std::string& path : options.pipelines) {
    if (body.back() != '[') body += ',';
    append_json_string(body, std::filesystem::absolute(path).string());
  }
  return body + "],\"plan\":" + (options.plan ? "true" : "false") + "}";
}

std::string text_of(Value answer) {
  std::string out;
  for (const Value each : answer.get("pipelines").items()) {
    const auto text = [&](std::string_view name) {
      const Value value = each.get(name);
      return value.is_string() ? printable(value.as_string()) : std::string();
    };
    out += text("name") + ": " + text("change");
    if (text("change") == "changed" && text("was") != text("version")) {
      out += " from " + text("was") + " to " + text("version");
    } else if (!text("version").empty()) {
      out += ", " + text("version");
    }
    if (each.get("connections").is_array()) {
      out += ", other settings of";
      for (const Value name : each.get("connections").items()) out += " " + printable(name.as_string());
    }
    out += "\n";
    if (!text("work").empty()) out += "  " + text("work") + "\n";
  }
  if (!answer.get("applied").as_boolean()) out += "a plan: nothing was changed\n";
  return out;
}

int apply(const ApplyOptions& options) {
  const auto answer = runtime::local_post(options.data + "/control.sock", "/v1/apply", body_of(options));
  if (!answer && answer.error().code == "connect_failed")
    return output().fail("no_host",
                         "no host answers in " + options.data + ": `tenon run` reads the files itself",
                         kExitFailure);
  if (!answer) return output().fail(answer.error());
  JsonLimits limits;
  limits.members = 1'000'000;
  const auto document = parse_json(answer->body, limits);
  if (!document) return output().fail("host_failed", "the host's answer is unreadable", kExitFailure);
  const bool refused = answer->status == 400;
  if (!refused && answer->status != 200)
    return output().fail("host_failed", "the host answered " + std::to_string(answer->status), kExitFailure);
  if (output().json()) {
    output().document(document->root);
  } else if (refused) {
    const Value text = document->root.get("text");
    std::cerr << (text.is_string() ? text.as_string() : std::string_view("the host refused\n"));
  } else {
    const Value warnings = document->root.get("warnings");
    if (warnings.is_string() && !output().quiet()) std::cerr << warnings.as_string();
    output().text(text_of(document->root));
  }
  return refused ? kExitBadInput : kExitOk;
}

}  // namespace

void add_apply(Command& program) {
  Command& command = program.verb("apply", "A running host reads its pipeline files anew");
  command.about(
      "The host reads all of its files, and those named here besides, and checks them first: if anything is "
      "wrong, the errors are told here, the exit code is 2 and what runs goes on. Only pipelines that "
      "changed "
      "are swapped; listeners stay open and no event is lost. Where a pipeline is gone from a folder, its "
      "waiting events are kept, and its webhooks are answered 503 for a day if nothing else takes them. "
      "SIGHUP "
      "does the same. Plugins and host options change with a restart only.");
  auto& options = command.keep<ApplyOptions>();
  command
      .argument("pipelines", options.pipelines,
                "Pipeline files, or folders of them, that the host shall run too")
      .completes(Completes::file);
  command.flag("--plan", options.plan,
               "Tell what would change, for events that are there too, and change nothing");
  add_data(command, options.data);
  command.json();
  command.example("tenon apply --plan", "What would change");
  command.example("tenon apply", "Read what the host was started with anew");
  command.example("tenon apply pipelines/blueprint.yaml", "One more file, or one that it runs");
  command.run([&options] { return apply(options); });
}

}  // namespace tenon::app
