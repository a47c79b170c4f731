// tenon-sandbox: pretend APIs to practise and to test with.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "app.hpp"
#include "http.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace {

/// N/SECONDS, or 0; the text says what is wrong.
std::string read_budget(const std::string& text, sandbox::BudgetSize& out) {
  const auto slash = text.find('/');
  const auto limit = sandbox::whole_number(text.substr(0, slash));
  const auto window =
      slash == std::string::npos ? std::nullopt : sandbox::whole_number(text.substr(slash + 1));
  if (limit && *limit == 0 && slash == std::string::npos) {
    out.limit = 0;
    return "";
  }
  if (!limit || !window || *window == 0) return "a budget is REQUESTS/SECONDS, such as 150/30, or 0 for none";
  out = {*limit, static_cast<double>(*window)};
  return "";
}

int run(const sandbox::Settings& settings) {
  boost::asio::io_context io(1);
  sandbox::World world(io, settings);
  sandbox::App app(world);
  sandbox::Server server(io, settings.listen, app);
  world.release_hung = [&server] { server.release_hung(); };
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](const boost::system::error_code& error, int) {
    if (!error) io.stop();
  });
  std::printf("ready http://%s\n", server.address().c_str());
  std::fflush(stdout);
  io.run();
  // Requests under way need no farewell, and connections refer to what would be destroyed here.
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  sandbox::Settings settings;
  std::string bigcommerce_budget, gorgias_budget;
  bool rules = false, no_log = false;
  CLI::App app(
      "Plays BigCommerce, Gorgias and a shop's webhooks over HTTP, to practise without accounts. "
      "docs/sandbox.md tells more.");
  app.add_option("--listen", settings.listen, "where to listen; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--store-hash", settings.store_hash, "the pretend store")->capture_default_str();
  app.add_option("--access-token", settings.access_token, "X-Auth-Token of the store")
      ->envname("TENON_SANDBOX_ACCESS_TOKEN")
      ->capture_default_str();
  app.add_option("--client-secret", settings.client_secret, "key of the webhooks' signature")
      ->envname("TENON_SANDBOX_CLIENT_SECRET")
      ->capture_default_str();
  app.add_option("--webhook-secret", settings.webhook_secret,
                 "value of header x-tenon-webhook-secret of the webhooks")
      ->envname("TENON_SANDBOX_WEBHOOK_SECRET")
      ->capture_default_str();
  app.add_option("--gorgias-email", settings.gorgias_email, "user of the Gorgias API key")
      ->capture_default_str();
  app.add_option("--gorgias-key", settings.gorgias_key, "Gorgias API key")
      ->envname("TENON_SANDBOX_GORGIAS_KEY")
      ->capture_default_str();
  app.add_option("--gorgias-token", settings.gorgias_token,
                 "bearer token of Gorgias and of the records (default: the key)")
      ->envname("TENON_SANDBOX_GORGIAS_TOKEN");
  app.add_option("--oauth-client-id", settings.oauth_client_id, "client of /oauth/authorize and /oauth/token")
      ->capture_default_str();
  app.add_option("--oauth-client-secret", settings.oauth_client_secret, "its secret")
      ->envname("TENON_SANDBOX_OAUTH_CLIENT_SECRET")
      ->capture_default_str();
  app.add_option("--bigcommerce-budget", bigcommerce_budget,
                 "requests/seconds, 0 for no limit (default 150/30)");
  app.add_option("--gorgias-budget", gorgias_budget, "requests/seconds, 0 for no limit (default 40/20)");
  app.add_option("--seed", settings.seed, "of the switches' chance")->capture_default_str();
  app.add_flag("--no-request-log", no_log, "keep no log of requests");
  app.add_flag("--rules", rules, "print what is refused, and where that is written");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (rules) {
    std::fputs(sandbox::rules_text().c_str(), stdout);
    return 0;
  }
  settings.request_log = !no_log;
  for (auto [text, size] : {std::pair(&bigcommerce_budget, &settings.bigcommerce_budget),
                            std::pair(&gorgias_budget, &settings.gorgias_budget)}) {
    const auto wrong = text->empty() ? std::string() : read_budget(*text, *size);
    if (wrong.empty()) continue;
    std::fprintf(stderr, "tenon-sandbox: %s\n", wrong.c_str());
    return 2;
  }
  try {
    return run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tenon-sandbox: %s\n", error.what());
    return 1;
  }
}
