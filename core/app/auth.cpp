// tenon auth: a connection's first tokens, and what is known of those that there are.
#include <array>
#include <chrono>
#include <filesystem>
#include <future>
#include <iostream>
#include <optional>

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/cli/table.hpp"
#include "app/definitions.hpp"
#include "app/verbs.hpp"
#include "auth/login.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/scalar.hpp"
#include "ingress/http_server.hpp"
#include "observe/log.hpp"
#include "runtime/local_client.hpp"
#include "runtime/real.hpp"

namespace tenon::app {
namespace {

constexpr std::array<std::string_view, 7> kFlags = {"data",           "plugin_dir", "pin",      "ca_file",
                                                    "token_key_file", "env_file",   "pipelines"};

struct AuthOptions {
  std::string connection;
  std::string word;  ///< of status: where the connection's name stands, or the first of the files
  std::string listen = "127.0.0.1:0";
  std::string redirect_uri;
  std::string timeout = "5m";
};

/// The connections of the files that get tokens, and the store of the host's.
struct Opened {
  std::unique_ptr<Definitions> definitions;
  std::unique_ptr<auth::TokenStore> store;
  std::vector<const plugin::ConnectionSpec*>
      connections;  ///< those with `oauth2:`, or the one that was named
};

/// kExitOk, or what was said already.
int open(const config::HostSettings& settings, const std::string& wanted, Opened& out) {
  const DefinitionSources sources = sources_of(settings);
  if (const int code = require_pipelines(sources); code != kExitOk) return code;
  log::set_level(log::Level::error);
  auto definitions = read_definitions(sources);
  if (!definitions) return output().fail(definitions.error(), kExitBadInput);
  out.definitions = std::move(*definitions);
  if (!out.definitions->loaded.ok()) {
    output().note(config::render_text(out.definitions->loaded.diagnostics, output().err().color));
    return output().fail("", "the pipeline files have errors", kExitBadInput);
  }
  std::vector<std::string> names;
  for (const auto& [name, connection] : out.definitions->loaded.config.connections) {
    if (!connection.oauth2) continue;
    names.push_back(name);
    if (wanted.empty() || wanted == name) out.connections.push_back(&connection);
  }
  if (!wanted.empty() && out.connections.empty()) {
    const bool exists = out.definitions->loaded.config.connections.contains(wanted);
    const auto near = nearest(wanted, names);
    return output().fail(
        "no_oauth",
        exists ? "connection " + wanted + " has no `oauth2:`"
               : "no connection is called `" + wanted + "`" + (near ? "; did you mean `" + *near + "`?" : ""),
        kExitBadInput);
  }
  out.store = open_tokens(settings.text("data"), settings.text("token_key_file"), settings.text("env_file"));
  return kExitOk;
}

// --- login

ingress::Answer page(int status, std::string_view text) {
  ingress::Answer answer;
  answer.status = status;
  answer.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
  answer.body = std::string(text) + "\n";
  answer.close = true;
  return answer;
}

/// A host that renews the same tokens holds them for a moment.
Result<std::shared_ptr<void>> wait_for_lock(auth::TokenStore& store, const std::string& connection) {
  constexpr int kTries = 300;
  for (int i = 0;; ++i) {
    auto lock = store.lock(connection);
    if (lock || lock.error().code != "locked" || i == kTries) return lock;
    runtime::pause_for(std::chrono::milliseconds(200));
  }
}

/// The listener for the redirect and the network, for as long as one login takes.
class Visit {
 public:
  static Result<std::unique_ptr<Visit>> begin(const plugin::OAuth2& oauth2, const AuthOptions& options,
                                              const std::string& ca_file) {
    runtime::RealOptions real;
    real.ca_file = ca_file;
    TENON_TRY(auto runtime, runtime::make_real(std::move(real)));
    auto visit = std::unique_ptr<Visit>(new Visit(std::move(runtime)));
    TENON_TRY(const std::string bound, visit->server_->listen(options.listen));
    visit->login_.emplace(
        oauth2, options.redirect_uri.empty() ? "http://" + bound + "/callback" : options.redirect_uri);
    visit->runtime_->start();
    return visit;
  }
  ~Visit() {
    runtime_->stop();
    runtime_->join();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  const auth::Login& login() const { return *login_; }

  /// Errors: `login_timeout`, `login_refused`.
  Result<Secret> code(std::chrono::milliseconds limit, const std::string& limit_text) {
    if (arrived_.wait_for(limit) != std::future_status::ready)
      return Error("login_timeout", "nobody came back from the provider's page within " + limit_text);
    auth::Login::Arrival arrival = arrived_.get();
    if (arrival.kind == auth::Login::Arrival::Kind::code) return std::move(arrival.code);
    return Error("login_refused", "the provider sent back: " + arrival.why);
  }

  auth::TokenAnswer exchange(const Secret& code) {
    std::promise<runtime::HttpResult> answered;
    runtime_->delivery().post([&] {
      runtime_->http().start(login_->exchange(code),
                             [&](runtime::HttpResult result) { answered.set_value(std::move(result)); });
    });
    return auth::read_token_answer(answered.get_future().get());
  }

  /// What the person's browser shows in the end; once, at most a second.
  void farewell(int status, const std::string& text) {
    std::promise<void> gone;
    runtime_->ingress().post([&] {
      if (respond_) respond_(page(status, text));
    });
    server_->stop(std::chrono::seconds(1), [&] { gone.set_value(); });
    gone.get_future().wait();
  }

 private:
  explicit Visit(std::unique_ptr<runtime::RealRuntime> runtime) : runtime_(std::move(runtime)) {
    server_.emplace(
        runtime_->ingress(), runtime_->clock(), limits(),
        [this](ingress::Request request, ingress::Respond respond) { handle(request, std::move(respond)); });
  }

  static ingress::ServerLimits limits() {
    ingress::ServerLimits limits;
    limits.body = 1024;
    limits.connections = 16;
    limits.answer_time = std::chrono::seconds(100);  // the exchange comes before the answer
    return limits;
  }

  void handle(const ingress::Request& request, ingress::Respond respond) {
    auth::Login::Arrival arrival = login_->arrived(request.method, request.target);
    if (arrival.kind == auth::Login::Arrival::Kind::not_ours)
      return respond(page(404, "This is not where a login of tenon ends."));
    if (respond_) return respond(page(409, "This login has come back already."));
    respond_ = std::move(respond);
    came_.set_value(std::move(arrival));
  }

  std::unique_ptr<runtime::RealRuntime> runtime_;
  std::optional<auth::Login> login_;
  std::promise<auth::Login::Arrival> came_;
  std::future<auth::Login::Arrival> arrived_ = came_.get_future();
  ingress::Respond respond_;
  std::optional<ingress::HttpServer> server_;
};

Result<auth::Tokens> tokens_for(Visit& visit, const AuthOptions& options, auth::TokenStore& store,
                                const std::string& connection) {
  const auto limit = config::parse_duration(options.timeout).value_or(0);
  TENON_TRY(const Secret code, visit.code(std::chrono::milliseconds(limit), options.timeout));
  const auth::TokenAnswer answer = visit.exchange(code);
  TENON_TRY(const auto lock, wait_for_lock(store, connection));
  TENON_TRY(const std::optional<auth::Tokens> former, store.read(connection));
  TENON_TRY(auth::Tokens tokens, visit.login().tokens(answer, former, runtime::wall_now_ms()));
  TENON_CHECK(store.write(connection, tokens));
  return tokens;
}

std::string state_of(const auth::Tokens& tokens) {
  if (!tokens.needs_reauth.empty()) return "needs_reauth";
  return tokens.expires_ms() <= runtime::wall_now_ms() ? "expired" : "valid";
}

/// Everything but the tokens.
std::string to_json(const std::string& connection, const std::optional<auth::Tokens>& tokens) {
  std::string out = "{\"connection\":" + json_string(connection);
  if (!tokens)
    return out + R"(,"state":"none","version":null,"expires_ms":null,"needs_reauth":true,"reason":null})";
  const bool stuck = !tokens->needs_reauth.empty();
  out += ",\"state\":" + json_string(state_of(*tokens)) + ",\"version\":" + std::to_string(tokens->version);
  out += ",\"expires_ms\":" + std::to_string(tokens->expires_ms());
  out += std::string(",\"needs_reauth\":") + (stuck ? "true" : "false");
  return out + ",\"reason\":" + (stuck ? json_string(tokens->needs_reauth) : "null") + "}";
}

int login(const config::HostSettings& settings, const AuthOptions& options) {
  Opened opened;
  if (const int code = open(settings, options.connection, opened); code != kExitOk) return code;
  const plugin::ConnectionSpec& connection = *opened.connections.front();
  // A key that is wrong, or a file that must not be written over, shows before anybody consents to anything.
  if (const auto former = opened.store->read(connection.name); !former)
    return output().fail(former.error(), kExitBadInput);
  auto visit = Visit::begin(*connection.oauth2, options, settings.text("ca_file"));
  if (!visit) return output().fail(visit.error());
  output().note("Open this in a browser and consent; waiting " + options.timeout + ":");
  if (output().json()) {
    output().note((*visit)->login().url());
  } else {
    output().text((*visit)->login().url() + "\n");
    std::cout.flush();  // whoever reads it from a pipe is to act on it now
  }
  const auto tokens = tokens_for(**visit, options, *opened.store, connection.name);
  if (!tokens) {
    (*visit)->farewell(400, "The login came to nothing; the terminal says why.");
    return output().fail(tokens.error());
  }
  (*visit)->farewell(200, "tenon has the tokens of " + connection.name + ". You may close this page.");
  if (output().json()) {
    output().document(to_json(connection.name, *tokens));
  } else {
    output().note(connection.name + ": logged in, token version " + std::to_string(tokens->version) +
                  "; `tenon resume PIPELINE` where one is held");
  }
  return kExitOk;
}

// --- status

/// What is there, ends as a pipeline file does, or has a folder before it; a connection's name has no slash.
bool is_path(const std::string& word) {
  return word.find('/') != std::string::npos || word.ends_with(".yaml") || word.ends_with(".yml") ||
         std::filesystem::exists(word);
}

/// The words are a connection's name and pipeline files, in any order; `files` are the later ones.
int sort_words(AuthOptions& options, std::vector<std::string>& files) {
  if (!options.word.empty()) files.insert(files.begin(), options.word);
  for (auto at = files.begin(); at != files.end();) {
    if (is_path(*at)) {
      ++at;
      continue;
    }
    if (!options.connection.empty() && options.connection != *at)
      return output().fail("bad_argument",
                           "one connection, or all: `" + options.connection + "` or `" + *at +
                               "`? (a file's name ends in .yaml or .yml, or the file is there)",
                           kExitBadInput);
    options.connection = *at;
    at = files.erase(at);
  }
  return kExitOk;
}

int show_status(const config::HostSettings& settings, const AuthOptions& options) {
  Opened opened;
  if (const int code = open(settings, options.connection, opened); code != kExitOk) return code;
  Table table({{"CONNECTION", 12}, {"STATE"}, {"VERSION"}, {"EXPIRES"}, {"REASON", 12}});
  std::string json;
  bool stuck = false;
  for (const plugin::ConnectionSpec* connection : opened.connections) {
    const auto tokens = opened.store->read(connection->name);
    if (!tokens)
      return output().fail(tokens.error().code,
                           "connection " + connection->name + ": " + tokens.error().message, kExitBadInput);
    const bool needs = !*tokens || !(*tokens)->needs_reauth.empty();
    stuck = stuck || needs;
    json += (json.empty() ? "" : ",") + to_json(connection->name, *tokens);
    const std::string state = *tokens ? state_of(**tokens) : "none";
    const Style style = needs ? Style::red : state == "valid" ? Style::green : Style::yellow;
    if (!*tokens) {
      table.add({connection->name, Cell(state, style), "", "", "nobody has logged in"});
      continue;
    }
    const std::string expires = std::to_string((*tokens)->expires_ms());
    const auto time = parse_json("[" + expires + "]");
    table.add({connection->name, Cell(state, style), std::to_string((*tokens)->version),
               time_cell(time->root.items()[0]), printable((*tokens)->needs_reauth)});
  }
  if (output().json()) {
    output().document("{\"tokens\":[" + json + "]}");
  } else if (table.empty()) {
    output().note("no connection of these files has `oauth2:`");
  } else {
    output().text(table.render(output().out()));
  }
  return stuck ? kExitFailure : kExitOk;
}

}  // namespace

void add_auth(Command& program) {
  Command& group = program.verb("auth", "Log connections in by OAuth 2.0, and look at their tokens");

  Command& login_verb = group.verb("login", "Get a connection's first tokens, or new ones");
  login_verb.about(
      "For a connection with `oauth2:`. The address to open is the one line on stdout. Whoever consents "
      "there "
      "is sent back to this machine, where the verb listens; the code that comes with them is exchanged for "
      "tokens, which are kept encrypted in the data directory. The host renews them from then on, and takes "
      "new ones over by itself; `tenon resume` ends a hold.");
  HostFlags& login_host = add_host_flags(login_verb, {});
  auto& options = login_verb.keep<AuthOptions>();
  login_verb.argument("connection", options.connection, "Name of the connection").required();
  for (const std::string_view key : kFlags) login_host.declare(login_verb, key);
  login_verb
      .option("--listen", options.listen, "Where the provider's redirect comes in (port 0: any free one)")
      .value("ADDRESS:PORT")
      .shows_default()
      .check([](const std::string& text) {
        return config::fault_of(*config::find_host_option("listen"), text);
      });
  login_verb
      .option("--redirect-uri", options.redirect_uri,
              "What the app is registered with, if that is another address that leads here")
      .value("URL")
      .shows_default("http://ADDRESS:PORT/callback");
  login_verb.option("--timeout", options.timeout, "How long to wait for the person")
      .value("DURATION")
      .shows_default()
      .check([](const std::string& text) -> std::optional<std::string> {
        if (const auto parsed = config::parse_duration(text); parsed && *parsed > 0) return std::nullopt;
        return "expected a duration like 90s or 5m";
      });
  login_verb.json();
  login_verb.example("tenon auth login desk pipelines/oauth/customers.yaml | xargs -n 1 curl -fsSL",
                     "Against the sandbox, which consents by itself");
  login_verb.example(
      "tenon auth login desk --timeout 10m pipelines/oauth/customers.yaml | xargs -n 1 curl -fsSL",
      "With more time; on a desktop, `xdg-open` in place of curl");
  login_verb.run([&login_host, &options] { return login(login_host.settings(), options); });

  Command& status = group.verb("status", "Tell of each connection's tokens, never the tokens");
  status.about(
      "`valid`, `expired` (the host renews it when it needs it), `needs_reauth`, or `none` where nobody has "
      "logged in yet. The exit code is 1 while one needs a login.");
  HostFlags& status_host = add_host_flags(status, {});
  auto& shown = status.keep<AuthOptions>();
  status.argument("connection", shown.word, "Only this one; a word that names a file is one of PIPELINES")
      .completes(Completes::file);
  status.option("--connection", shown.connection, "Only this one, though a file has its name").value("NAME");
  for (const std::string_view key : kFlags) status_host.declare(status, key);
  status_host.sift("pipelines", [&shown](auto& files) { return sort_words(shown, files); });
  status.json();
  status.example("tenon auth status pipelines/oauth/customers.yaml", "All of them, after the login above");
  status.example("tenon auth status --json desk pipelines/oauth/customers.yaml", "One, for a script");
  status.run([&status_host, &shown] { return show_status(status_host.settings(), shown); });
}

}  // namespace tenon::app
