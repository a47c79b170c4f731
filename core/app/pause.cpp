// tenon pause, tenon resume: whether a pipeline's events are delivered.
#include "app/cli/output.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

struct PauseOptions {
  std::string data = "data";
  std::string pipeline;
};

int set_pipeline(const PauseOptions& options, const char* verb) {
  const auto now =
      tell_host(options.data, "/v1/pipelines/" + percent_encode(options.pipeline) + "/" + verb, "{}");
  if (!now && now.error().code == "not_found")
    return output().fail("not_found", "no pipeline is called " + options.pipeline, kExitFailure);
  if (!now) return output().fail(now.error());
  if (output().json()) {
    output().document(now->root);
    return kExitOk;
  }
  std::string text = options.pipeline + ": " + std::string(now->root.get("state").as_string());
  if (const Value reason = now->root.get("reason"); reason.is_string())
    text += " (" + printable(reason.as_string()) + ")";
  output().text(text + "\n");
  return kExitOk;
}

void add(Command& program, const char* verb, const char* summary, const char* about) {
  Command& command = program.verb(verb, summary);
  auto& options = command.keep<PauseOptions>();
  command.about(about);
  command.argument("pipeline", options.pipeline, "Name of the pipeline")
      .completes(Completes::pipeline)
      .required();
  add_data(command, options.data);
  command.json();
  command.example(std::string("tenon ") + verb + " blueprint", "By its name");
  command.example(std::string("tenon ") + verb + " blueprint --json", "The same, for a script");
  command.run([&options, verb] { return set_pipeline(options, verb); });
}

}  // namespace

void add_pause(Command& program) {
  add(program, "pause", "Journal a pipeline's events, but do not deliver them",
      "Webhooks are still taken and answered. What is under way goes on to its end; the rest waits until "
      "`tenon resume`, also over a restart.");
}

void add_resume(Command& program) {
  add(program, "resume", "Deliver a pipeline's events again; ends a pause and a hold",
      "What waited is delivered in the order in which it came.");
}

}  // namespace tenon::app
