// tenon log-level: what a running host logs, told or changed.
#include "app/cli/output.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"

namespace tenon::app {
namespace {

struct Wanted {
  std::string data;
  std::string level;  ///< empty: only tell
};

int log_level(const Wanted& wanted) {
  const auto answer = wanted.level.empty() ? ask_host(wanted.data, "/v1/log-level")
                                           : tell_host(wanted.data, "/v1/log-level", wanted.level);
  if (!answer) return output().fail(answer.error());
  if (output().json()) {
    output().document(to_json(answer->root));
  } else {
    output().text(std::string(answer->root.get("level").as_string()) + "\n");
  }
  return kExitOk;
}

}  // namespace

void add_log_level(Command& program) {
  Command& command = program.verb("log-level", "Tell or set what a running host logs");
  command.about(
      "Holds until the host ends; --log-level of `tenon run`, or tenon.yaml, sets what it starts with.");
  auto& wanted = command.keep<Wanted>();
  add_data(command, wanted.data);
  command.argument("level", wanted.level, "The least that is logged")
      .one_of({"debug", "info", "warn", "error", "off"});
  command.json();
  command.example("tenon log-level", "What is logged now");
  command.example("tenon log-level debug", "Everything");
  command.run([&wanted] { return log_level(wanted); });
}

}  // namespace tenon::app
