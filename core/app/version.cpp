// tenon version
#include "app/cli/output.hpp"
#include "app/verbs.hpp"

namespace tenon::app {

void add_version(Command& program) {
  Command& command = program.verb("version", "Print the version");
  command.json();
  command.example("tenon version", "For people");
  command.example("tenon version --json", "For scripts");
  command.run([] {
    if (output().json()) {
      output().document(R"({"version":")" TENON_VERSION R"("})");
    } else {
      output().text("tenon " TENON_VERSION "\n");
    }
    return kExitOk;
  });
}

}  // namespace tenon::app
