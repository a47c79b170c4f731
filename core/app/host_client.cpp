#include "app/host_client.hpp"

#include "app/cli/exit_codes.hpp"
#include "app/host_flags.hpp"
#include "base/json.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {

void add_data(Command& command, std::string& data) {
  HostFlags& host = add_host_flags(command, {"data"});
  command.prepare([&host, &data] {
    data = host.settings().text("data");
    return kExitOk;
  });
}

Result<Document> ask_host(const std::string& data, const std::string& target) {
  const auto answer = runtime::local_get(data + "/control.sock", target);
  if (!answer) {
    return Error("no_host", "no host answers in " + data + " (" + answer.error().message + ")");
  }
  if (answer->status == 404) return Error("not_found", "the host knows no " + target);
  if (answer->status != 200)
    return Error("host_failed", "the host answered " + std::to_string(answer->status));
  JsonLimits limits;
  limits.members = 1'000'000;
  auto document = parse_json(answer->body, limits);
  if (!document) return Error("host_failed", "the host's answer is unreadable");
  return std::move(*document);
}

}  // namespace tenon::app
