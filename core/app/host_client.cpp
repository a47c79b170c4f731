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

/// The files of a host that does not run, opened once for all that a verb asks of them.
class StoppedHost {
 public:
  /// Errors: `store_missing`, those of opening the journal.
  static Result<std::unique_ptr<StoppedHost>> open(const std::string& data, bool to_write) {
    std::error_code ignored;
    if (!std::filesystem::exists(data + "/journal.db", ignored))
      return Error("store_missing", "there is no journal in " + data);
    TENON_TRY(auto runtime, runtime::make_real());
    TENON_TRY(auto journal, to_write ? journal::open_sqlite(*runtime, data, {})
                                     : journal::open_sqlite_reader(*runtime, data));
    return std::unique_ptr<StoppedHost>(
        new StoppedHost(data, to_write, std::move(runtime), std::move(journal)));
  }
  ~StoppedHost() {
    journal_->close();
    runtime_->stop();
    runtime_->join();
  }
  StoppedHost(const StoppedHost&) = delete;
  StoppedHost& operator=(const StoppedHost&) = delete;

  bool serves(const std::string& data, bool to_write) const {
    return data_ == data && (writes_ || !to_write);
  }
  /// What the host would have answered.
  ingress::Answer ask(const std::string& target, const std::string* body) {
    ingress::Request request;
    request.method = body == nullptr ? "GET" : "POST";
    request.target = target;
    if (body != nullptr) request.body = *body;
    std::promise<ingress::Answer> answered;
    runtime_->ingress().post([&] {
      admin_.control(std::move(request),
                     [&](ingress::Answer answer) { answered.set_value(std::move(answer)); });
    });
    return answered.get_future().get();
  }

 private:
  static admin::AdminOptions options() {
    admin::AdminOptions options;
    options.version = TENON_VERSION;
    return options;
  }
  StoppedHost(std::string data, bool writes, std::unique_ptr<runtime::RealRuntime> runtime,
              std::unique_ptr<journal::Journal> journal)
      : data_(std::move(data)),
        writes_(writes),
        runtime_(std::move(runtime)),
        journal_(std::move(journal)),
        admin_(*runtime_, *journal_, options()) {
    runtime_->start();
  }

  const std::string data_;
  const bool writes_;
  std::unique_ptr<runtime::RealRuntime> runtime_;
  std::unique_ptr<journal::Journal> journal_;
  admin::Admin admin_;
};

std::unique_ptr<StoppedHost> stopped_host;

/// Errors: as StoppedHost::open.
Result<ingress::Answer> ask_files(const std::string& data, const std::string& target,
                                  const std::string* body) {
  if (!stopped_host || !stopped_host->serves(data, body != nullptr)) {
    stopped_host.reset();
    TENON_TRY(stopped_host, StoppedHost::open(data, body != nullptr));
  }
  return stopped_host->ask(target, body);
}

Result<Document> read_answer(const std::string& target, int status, const std::string& body) {
  if (status == 404) return Error("not_found", "the host knows no " + target);
  JsonLimits limits;
  limits.members = 10'000'000;
  limits.depth = 100;  // an event's data, and what stands around it
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
  // Whoever has the files open already is not overtaken by a host: it needs their lock.
  if (!stopped_host || !stopped_host->serves(data, body != nullptr)) {
    const std::string socket = data + "/control.sock";
    const auto answer =
        body == nullptr ? runtime::local_get(socket, target) : runtime::local_post(socket, target, *body);
    if (answer) return read_answer(target, answer->status, answer->body);
    if (answer.error().code != "connect_failed") return answer.error();
  }
  const auto filed = ask_files(data, target, body);
  if (!filed && filed.error().code == "store_missing")
    return Error("no_host", "no host answers in " + data + " (nobody listens on " + data +
                                "/control.sock), and there is no journal");
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

bool host_is_stopped() { return stopped_host != nullptr; }

void close_stopped_host() { stopped_host.reset(); }

}  // namespace tenon::app
