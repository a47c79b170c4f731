#include "app/host_client.hpp"

#include <filesystem>
#include <future>
#include <utility>

#include "admin/admin.hpp"
#include "app/cli/exit_codes.hpp"
#include "app/cli/output.hpp"
#include "app/host_flags.hpp"
#include "base/json.hpp"
#include "journal/journal.hpp"
#include "runtime/local_client.hpp"
#include "runtime/real.hpp"

namespace tenon::app {

void add_data(Command& command, std::string& data) {
  HostFlags& host = add_host_flags(command, {"data"});
  command.prepare([&host, &data] {
    data = host.settings().text("data");
    return kExitOk;
  });
}

namespace {

/// What the host would have answered, from the files that it left.
Result<ingress::Answer> ask_files(const std::string& data, const std::string& target,
                                  const std::string* body) {
  std::error_code ignored;
  if (!std::filesystem::exists(data + "/journal.db", ignored))
    return Error("store_missing", "there is no journal in " + data);
  TENON_TRY(auto runtime, runtime::make_real());
  TENON_TRY(auto journal, body == nullptr ? journal::open_sqlite_reader(*runtime, data)
                                          : journal::open_sqlite(*runtime, data, {}));
  admin::AdminOptions options;
  options.version = TENON_VERSION;
  admin::Admin admin(*runtime, *journal, std::move(options));
  ingress::Request request;
  request.method = body == nullptr ? "GET" : "POST";
  request.target = target;
  if (body != nullptr) request.body = *body;
  std::promise<ingress::Answer> answered;
  runtime->start();
  runtime->ingress().post([&] {
    admin.control(std::move(request), [&](ingress::Answer answer) { answered.set_value(std::move(answer)); });
  });
  ingress::Answer answer = answered.get_future().get();
  journal->close();
  runtime->stop();
  runtime->join();
  return answer;
}

Result<Document> read_answer(const std::string& target, int status, const std::string& body) {
  if (status == 404) return Error("not_found", "the host knows no " + target);
  JsonLimits limits;
  limits.members = 1'000'000;
  auto document = parse_json(body, limits);
  if (status != 200) {
    std::string why = document && document->root.get("error").is_string()
                          ? ": " + std::string(document->root.get("error").as_string())
                          : "";
    return Error("host_failed", "the host answered " + std::to_string(status) + why);
  }
  if (!document) return Error("host_failed", "the host's answer is unreadable");
  return std::move(*document);
}

Result<Document> ask(const std::string& data, const std::string& target, const std::string* body) {
  const std::string socket = data + "/control.sock";
  const auto answer =
      body == nullptr ? runtime::local_get(socket, target) : runtime::local_post(socket, target, *body);
  if (answer) return read_answer(target, answer->status, answer->body);
  if (answer.error().code != "connect_failed") return answer.error();
  const auto filed = ask_files(data, target, body);
  if (!filed && filed.error().code == "store_missing")
    return Error("no_host",
                 "no host answers in " + data + " (" + answer.error().message + "), and there is no journal");
  if (!filed) return filed.error();
  static bool said = false;
  if (!std::exchange(said, true)) output().note("no host runs in " + data + ": this is from its files");
  return read_answer(target, filed->status, filed->body);
}

}  // namespace

Result<Document> ask_host(const std::string& data, const std::string& target) {
  return ask(data, target, nullptr);
}

Result<Document> tell_host(const std::string& data, const std::string& target, const std::string& body) {
  return ask(data, target, &body);
}

}  // namespace tenon::app
