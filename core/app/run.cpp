// tenon run: from files to a running host, and back down without losing anything.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <iostream>
#include <optional>

#include "admin/admin.hpp"
#include "app/budget_file.hpp"
#include "app/cli/output.hpp"
#include "app/definitions.hpp"
#include "app/host_client.hpp"
#include "app/port.hpp"
#include "app/reload.hpp"
#include "app/verbs.hpp"
#include "base/broken_promise.hpp"
#include "base/json.hpp"
#include "journal/upkeep.hpp"
#include "observe/log.hpp"
#include "pipeline/host.hpp"
#include "runtime/attempts.hpp"
#include "runtime/crash.hpp"
#include "runtime/crash_point.hpp"
#include "runtime/files.hpp"
#include "runtime/real.hpp"
#include "runtime/service_manager.hpp"

namespace tenon::app {
namespace {

constexpr std::chrono::milliseconds kFinishRequests{1500};
constexpr std::chrono::milliseconds kFinishEvents{8000};

PortOptions port_options(const config::HostSettings& settings) {
  return {settings.text("listen"), settings.text("tls_cert"), settings.text("tls_key"),
          settings.list("trusted_proxy")};
}

/// The standard output, for the host alone: what plugins write there goes to where the log goes, and cannot
/// be taken for the host's words.
class OwnOutput {
 public:
  OwnOutput() : descriptor_(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) { dup2(STDERR_FILENO, STDOUT_FILENO); }
  OwnOutput(const OwnOutput&) = delete;
  OwnOutput& operator=(const OwnOutput&) = delete;
  /// As it was.
  ~OwnOutput() {
    if (descriptor_ < 0) return;
    dup2(descriptor_, STDOUT_FILENO);
    ::close(descriptor_);
  }
  void write(std::string_view text) const {
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, text.data(), text.size());
  }

 private:
  int descriptor_;
};

/// The parts of a running host, in the order in which they are made; torn down in the reverse order.
class Service {
 public:
  explicit Service(const config::HostSettings& settings)
      : settings_(settings), data_(settings.text("data")), port_(port_options(settings)) {}

  int run() {
    if (const int code = read(); code != kExitOk) return code;
    if (const Status opened = open(); !opened) return output().fail(opened.error());
    const Status started = start();
    if (!started) {
      close();
      own_output_.reset();
      return output().fail(started.error());
    }
    TENON_CRASH_POINT("start.before_ready");
    say_ready();
    runtime::notify_service_manager("READY=1");
    runtime_->wait_for_signal({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int signal) {
      if (signal == SIGUSR1) return reload_->answer_asked();
      if (signal != SIGHUP) return shut_down();
      port_.reload();
      reload_->read_anew();
    });
    if (!closed_) close();
    return failed_ ? kExitFailure : kExitOk;
  }

 private:
  /// All definitions are read and checked before the data directory is touched.
  int read() {
    auto definitions = read_definitions(sources_of(settings_));
    if (!definitions) return output().fail(definitions.error(), kExitBadInput);
    definitions_ = std::move(*definitions);
    std::cerr << config::render_text(definitions_->loaded.diagnostics, output().err().color);
    if (!definitions_->loaded.ok()) return kExitBadInput;
    if (definitions_->loaded.config.pipelines.empty())
      return output().fail("no_pipelines", "none of the files defines a pipeline: they hold connections only",
                           kExitBadInput);
    tokens_ = open_tokens(data_, settings_.text("token_key_file"), settings_.text("env_file"));
    for (const auto& [name, connection] : definitions_->loaded.config.connections) {
      if (!connection.oauth2) continue;
      const auto stored = tokens_->read(name);
      if (!stored)
        return output().fail(stored.error().code, "connection " + name + ": " + stored.error().message,
                             kExitBadInput);
    }
    const Status port = port_.read();
    return port ? kExitOk : output().fail(port.error(), kExitBadInput);
  }

  void say_ready() const {
    const std::string admin = admin_address_.empty() ? "" : "http://" + admin_address_;
    if (output().json()) {
      own_output_->write("{\"ready\":true,\"ingress\":" + json_string(address_) +
                         ",\"admin\":" + (admin.empty() ? "null" : json_string(admin)) +
                         ",\"data\":" + json_string(data_) + ",\"pid\":" + std::to_string(getpid()) + "}\n");
    } else {
      own_output_->write("ready ingress=" + address_ + " admin=" + (admin.empty() ? "-" : admin) +
                         " data=" + data_ + " pid=" + std::to_string(getpid()) + "\n");
    }
  }

  Status open() {
    runtime::RealOptions real;
    real.ca_file = settings_.text("ca_file");
    real.http2 = settings_.text("http2") == "true";
    real.deliveries = static_cast<std::size_t>(std::stoul(settings_.text("threads")));
    // For tests: half a minute is long.
    if (const char* limit = getenv("TENON_WATCHDOG_MS"); limit != nullptr && std::atoi(limit) > 0) {
      real.watch.limit = std::chrono::milliseconds(std::atoi(limit));
      real.watch.interval = real.watch.limit / 4;
    }
    TENON_TRY(runtime_, runtime::make_real(std::move(real)));
    journal::Options options;
    options.on_failure = [this](const Error& error) {
      // Nothing more can be promised: the next start finds what was acknowledged.
      failed_ = true;
      log::error(codes::kStoreFailed, "the journal failed; the host ends", {{"error", error.message}});
      log::flush();
      runtime_->stop();
    };
    if (broken_promise() == "no_low_water") options.min_free_bytes = 0;
    TENON_TRY(journal_, journal::open_sqlite(*runtime_, data_, std::move(options)));
    TENON_CRASH_POINT("start.store_open");
    journal::keep_below(*journal_, config::parse_size(settings_.text("retention_size")).value_or(0));
    read_attempts();
    pipeline::HostOptions host_options;
    host_options.retention_ms = settings_.duration("retention");
    host_options.delivery.suspects = &suspects_;
    host_options.budgets = &budgets_.emplace(data_);
    host_options.tokens = tokens_.get();
    host_options.ingress.acknowledge_before_commit = broken_promise() == "ack_early";
    host_.emplace(*runtime_, std::move(definitions_->loaded.config), *definitions_->registry, *journal_,
                  host_options);
    dry_runs_.emplace(*host_);
    reload_.emplace(sources_of(settings_), *definitions_->registry, *runtime_, *journal_, *host_, failed_);
    return {};
  }

  /// What the last run died of, if it did. Under the journal's lock: no other host has the file.
  void read_attempts() {
    const auto former = runtime::open_attempts(data_ + "/attempts");
    if (!former) {
      // It serves all the same; only, what kills it is not counted.
      log::warn(former.error().code, former.error().message);
      return;
    }
    for (const runtime::Crash& crash : former->crashes) {
      const log::Fields fields = {
          {"doing", crash.doing}, {"how", crash.how}, {"event", crash.event}, {"marks", crash.marks}};
      if (crash.how == runtime::died_text(static_cast<std::uint32_t>(runtime::Died::silently))) {
        log::info("the last run ended inside of a plugin or mapping", fields);
      } else {
        log::warn(codes::kPluginCrashed, "the last run ended inside of a plugin or mapping", fields);
      }
    }
    for (const runtime::Marked& marked : former->marked)
      suspects_.add(marked.event, marked.marks, marked.how + " in " + marked.doing);
  }

  Status start() {
    own_output_.emplace();
    runtime_->start();
    admin::AdminOptions admin_options;
    admin_options.version = TENON_VERSION;
    admin_options.host = &*host_;
    admin_options.port = [this] { return port_.counts(); };
    admin_options.dry_runs = &*dry_runs_;
    admin_options.read_definition = [this](std::string path, auto done) {
      reload_->read_definition(std::move(path), std::move(done));
    };
    admin_options.apply = [this](ingress::Request request, ingress::Respond respond) {
      reload_->ask(std::move(request), std::move(respond));
    };
    admin_.emplace(*runtime_, *journal_, std::move(admin_options));
    if (const auto socket = port_.take_admin_socket()) {
      TENON_TRY(admin_address_, admin_->adopt_health(*socket));
    } else if (settings_.is_set("admin")) {
      TENON_TRY(admin_address_, admin_->listen_health(settings_.text("admin")));
    }
    std::promise<Status> started;
    host_->start([&](Status status) { started.set_value(std::move(status)); });
    TENON_CHECK(started.get_future().get());
    TENON_CHECK(admin_->listen_control(data_ + "/control.sock"));
    TENON_CRASH_POINT("start.before_listen");
    TENON_TRY(address_, port_.open(*runtime_, [this](ingress::Request request, ingress::Respond respond) {
      host_->ingress().handle(std::move(request), std::move(respond));
    }));
    admin_->set_phase(admin::Admin::Phase::taking);
    runtime_->delivery().post([this] { tell_repeats(); });
    return {};
  }

  /// Lines that were folded are told while the host lives, not only at its end.
  void tell_repeats() {
    log::tell_repeats();
    runtime_->delivery().after(std::chrono::seconds(5), [this] { tell_repeats(); });
  }

  /// Stop accepting, answer what has begun, let events finish, close the journal. On the main thread.
  void shut_down() {
    if (closed_) return;
    TENON_CRASH_POINT("stop.asked");
    log::info("stopping");
    runtime::notify_service_manager("STOPPING=1");
    admin_->set_phase(admin::Admin::Phase::draining);
    dry_runs_->stop();
    // The answer may come while nobody waits for it any more: none is waited for once the journal has failed.
    const auto stopped = std::make_shared<std::promise<void>>();
    auto drained = stopped->get_future();
    port_.server().stop(kFinishRequests,
                        [this, stopped] { host_->stop(kFinishEvents, [stopped] { stopped->set_value(); }); });
    while (drained.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready && !failed_) {
    }
    TENON_CRASH_POINT("stop.drained");
    close();
  }

  void close() {
    closed_ = true;
    if (!failed_) journal_->close();
    TENON_CRASH_POINT("stop.journal_closed");
    runtime_->stop();
    runtime_->join();
    log::flush();
  }

  std::optional<OwnOutput> own_output_;  ///< from when plugins may run
  const config::HostSettings& settings_;
  const std::string data_;
  std::unique_ptr<Definitions> definitions_;
  std::unique_ptr<auth::TokenStore> tokens_;
  std::unique_ptr<runtime::RealRuntime> runtime_;
  std::unique_ptr<journal::Journal> journal_;
  delivery::Suspects suspects_{[](journal::Seq seq) { runtime::forget_marks(seq); }};
  std::optional<BudgetFile> budgets_;
  std::optional<pipeline::Host> host_;
  std::optional<pipeline::DryRuns> dry_runs_;
  std::optional<Reload> reload_;
  Port port_;
  std::optional<admin::Admin> admin_;
  std::string address_;
  std::string admin_address_;
  std::atomic<bool> failed_ = false;
  bool closed_ = false;
};

/// Better now than as a refusal of every remote.
Status check_ca_file(const std::string& file) {
  if (file.empty()) return {};
  TENON_TRY(const std::string text, runtime::read_file(file));
  if (text.find("-----BEGIN CERTIFICATE-----") != std::string::npos) return {};
  return Error("file_failed", "--ca-file " + file + ": holds no certificate in PEM");
}

int run(const config::HostSettings& settings, bool print_config) {
  if (print_config) {
    output().text(print_settings(settings));
    return kExitOk;
  }
  if (const int code = require_pipelines(sources_of(settings)); code != kExitOk) return code;
  runtime::keep_memory_private();
  runtime::give_memory_back();
  log::Options log;
  log.json = settings.text("log_format") == "json";
  log::parse_level(settings.text("log_level"), log.level);
  log::configure(std::move(log));
  if (const Status trusted = check_ca_file(settings.text("ca_file")); !trusted)
    return output().fail(trusted.error(), kExitBadInput);
  runtime::watch_for_crashes(settings.text("log_format") == "json");
  runtime::hold_signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ});
  return Service(settings).run();
}

}  // namespace

void add_run(Command& program) {
  Command& command = program.verb("run", "Run pipelines; prints one line when ready");
  command.about(
      "All files are read and checked before the data directory is touched. SIGTERM ends it: requests that "
      "have begun are answered, and what is not yet delivered is delivered after the next start.\n\n"
      "What an option sets may stand in tenon.yaml too, with `_` for `-`: `plugin_dir: plugins`. A flag wins "
      "over the file.");
  HostFlags& host = add_all_host_flags(command);
  bool& print_config = command.keep<bool>();
  command.flag("--print-config", print_config, "Print what each option is set to and by what, and end");
  command.json();
  command.example("tenon run pipelines/blueprint.yaml", "Webhooks on 127.0.0.1:8080, the journal in ./data");
  command.example(
      "tenon run --listen 127.0.0.1:0 --admin 127.0.0.1:0 --data journal pipelines/blueprint.yaml",
      "On free ports, which the line `ready` names");
  command.example("tenon run --print-config", "What holds here, and why");
  command.run([&host, &print_config] { return run(host.settings(), print_config); });
}

}  // namespace tenon::app
