// What a good file becomes, and that no bad one does harm.
#include "config/loader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <regex>

#include "base/json.hpp"
#include "config/report.hpp"
#include "config/url.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::config {
namespace {

const std::string kFolder = TENON_SOURCE_DIR "/tests/diagnostics/";

Environment example_environment() { return parse_env_file(kFolder + "test.env").value(); }

Loaded load_example(const std::string& name) {
  return load_text(name, test::read_text(kFolder + name), example_environment(), test::example_registry());
}

std::string render(const mapping::Template& tree, const std::string& roots_json, const Pipeline& pipeline) {
  Arena arena;
  const Document roots_document = parse_json(roots_json).value();
  mapping::Roots roots;
  for (const Member& member : roots_document.root.members()) roots.add(member.name, member.value);
  const Document connections = parse_json(R"({"store":{"store":"abc123"},"help":{"domain":"acme"}})").value();
  mapping::Scope scope;
  scope.bind("vars", pipeline.vars.root);
  scope.bind("connections", connections.root);
  scope.bind("connection", connections.root.get("store"));
  mapping::Evaluation evaluation{arena};
  const auto value = tree.render(roots, scope, evaluation);
  return value ? to_json(*value) : value.error().text();
}

TEST(Loader, MakesThePipeline) {
  const Loaded loaded = load_example("good_whole.yaml");
  ASSERT_TRUE(loaded.ok()) << render_text(loaded.diagnostics, false);
  ASSERT_EQ(loaded.config.pipelines.size(), 1U);
  const Pipeline& p = *loaded.config.pipelines[0];
  EXPECT_EQ(p.name, "whole.thing-1");
  EXPECT_EQ(p.file, "good_whole.yaml");
  EXPECT_EQ(p.trigger_connection, "store");
  EXPECT_EQ(p.events, (std::vector<std::string>{"order/created", "customer/updated"}));
  ASSERT_TRUE(p.when);
  EXPECT_EQ(p.when->position.line, 25);
  EXPECT_EQ(p.when->text, "${{ event.type != 'order/created' or event.class = 'live' }}");
  ASSERT_EQ(p.fetches.size(), 2U);
  EXPECT_EQ(p.fetches[1].name, "buyer");
  EXPECT_EQ(p.fetches[1].fetch, "customer");
  EXPECT_EQ(render(p.fetches[1].arguments, R"({"event":{},"order":{"customer_id":7}})", p),
            R"({"id":7,"expand":true})");
  ASSERT_EQ(p.actions.size(), 2U);
  EXPECT_EQ(p.actions[0].name, "customer");
  EXPECT_EQ(p.actions[0].connection, "help");
  EXPECT_EQ(p.actions[1].operation, "post_note");
  EXPECT_EQ(p.actions[0].mapping_digest.size(), 64U);
  EXPECT_NE(p.actions[0].mapping_digest, p.actions[1].mapping_digest);
  EXPECT_EQ(p.retry.for_ms, 30LL * 24 * 3600 * 1000);
  EXPECT_EQ(p.retry.attempts, 12U);
  EXPECT_EQ(p.on_gone, OnGone::reject);
  EXPECT_EQ(to_json(p.vars.root),
            R"({"region":"eu","limits":{"most":10,"factor":1.50},"words":["a","b",null,true]})");
  const char* roots =
      R"({"event":{"type":"x"},"order":{"status":"paid"},)"
      R"("buyer":{"id":3,"first_name":"Ann","last_name":"Lee","email":"a@b","addresses":{"city":"Ulm"}}})";
  EXPECT_EQ(render(p.actions[0].when->tree, roots, p), "true");
  EXPECT_EQ(render(p.actions[0].mapping, roots, p),
            R"({"external_id":"abc123:3","name":"Ann Lee","language":"fr","vip":true,"tags":["shop","eu"],)"
            R"("meta":{"paid":"${not a variable}","factor":1.50,"nothing":null},)"
            R"("channels":[{"type":"0","address":"Ulm paid"}]})");
  EXPECT_EQ(render(p.actions[1].mapping, roots, p), R"({"text":"paid","account":"acme"})");
}

TEST(Loader, MakesTheConnections) {
  const Loaded loaded = load_example("good_whole.yaml");
  const plugin::ConnectionSpec& store = loaded.config.connections.at("store");
  EXPECT_EQ(store.name, "store");
  EXPECT_EQ(store.connector, "shop");
  EXPECT_EQ(
      store.settings,
      R"({"store":"abc123","base_url":"http://127.0.0.1:8080/api","page_size":25,"sandbox":true,"channels":[1,2]})");
  EXPECT_EQ(store.secrets.size(), 2U);
  EXPECT_TRUE(store.secrets.at("token").equals("token-0123456789"));
  EXPECT_EQ(store.account, "shop:abc123");
  EXPECT_EQ(store.hosts, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(store.verify.at("signature"), plugin::VerifyMode::required);
  EXPECT_EQ(store.verify.at("header"), plugin::VerifyMode::off);
  EXPECT_TRUE(store.allow_private);
  EXPECT_FALSE(store.unauthenticated);
  const plugin::ConnectionSpec& help = loaded.config.connections.at("help");
  EXPECT_EQ(help.settings, R"({"domain":"acme"})");
  EXPECT_EQ(help.hosts, std::vector<std::string>{"acme.desk.example"});
}

TEST(Loader, ASchemeWithoutItsSecretIsOff) {
  const Loaded loaded = load_example("good_short.yaml");
  const plugin::ConnectionSpec& store = loaded.config.connections.at("store");
  EXPECT_EQ(store.verify.at("signature"), plugin::VerifyMode::off);
  EXPECT_EQ(store.verify.at("header"), plugin::VerifyMode::required);
}

TEST(Loader, UnauthenticatedIsSaidTwice) {
  std::string text = test::read_text(kFolder + "good_short.yaml");
  const std::string from = "header_secret: \"${HEADER_SECRET}\"";
  text.replace(text.find(from), from.size(), "verify: none, i_understand_unauthenticated: true");
  const Loaded loaded = load_text("x.yaml", text, example_environment(), test::example_registry());
  ASSERT_TRUE(loaded.ok()) << render_text(loaded.diagnostics, false);
  EXPECT_TRUE(loaded.config.connections.at("store").unauthenticated);
}

TEST(Loader, TheDigestIsOfTheMeaning) {
  const std::string text = test::read_text(kFolder + "good_short.yaml");
  const auto digest = [&](std::string changed) {
    const Loaded loaded = load_text("x.yaml", changed, example_environment(), test::example_registry());
    return loaded.ok() ? loaded.config.pipelines[0]->actions[0].mapping_digest : "";
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  const std::string before = digest(text);
  ASSERT_EQ(before.size(), 64U);
  EXPECT_EQ(digest(with("  email: ${{ $lowercase(customer.email) }}",
                        "\n  # a comment\n  \"email\": '${{ $lowercase(customer.email) }}'")),
            before);
  EXPECT_EQ(digest(with("name: customers", "name: others")), before);
  EXPECT_NE(digest(with("$lowercase", "$uppercase")), before);
  EXPECT_NE(digest(with("operation:", "when: \"${{ true }}\", operation:")), before);
  EXPECT_NE(digest(with("  email:", "  name: x\n  email:")), before);
}

TEST(Loader, FilesShareEqualConnections) {
  const std::vector<std::string> paths = {kFolder + "good_files", kFolder + "good_files/a.yaml"};
  const Loaded loaded = load(paths, example_environment(), test::example_registry());
  EXPECT_TRUE(loaded.ok()) << render_text(loaded.diagnostics, false);
  EXPECT_EQ(loaded.config.pipelines.size(), 3U);
  EXPECT_EQ(loaded.config.connections.size(), 2U);
}

TEST(Loader, NamesWhatItCannotRead) {
  const std::vector<std::string> paths = {"/nowhere/x.yaml", "/dev/null"};
  const Loaded loaded = load(paths, {}, test::example_registry());
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.diagnostics[0].message, "cannot be read");
  EXPECT_FALSE(load({}, {}, test::example_registry()).ok());
}

TEST(Loader, StopsAtAHundredDiagnosticsOfAFile) {
  std::string text = "tenon: 1\n";
  for (int i = 0; i < 500; ++i) text += "zzz" + std::to_string(i) + ": 1\n";
  const Loaded loaded = load_text("x.yaml", text, {}, test::example_registry());
  EXPECT_EQ(loaded.diagnostics.size(), Report::kMost + 1);
  EXPECT_FALSE(loaded.ok());
}

/// Each shipped pipeline is checked against the manifests in the tree, with made-up values for its variables.
TEST(Loader, AcceptsThePipelinesThatAreShipped) {
  namespace fs = std::filesystem;
  test::ManifestRegistry registry;
  for (const auto& folder : fs::directory_iterator(TENON_SOURCE_DIR "/plugins")) {
    const fs::path manifest = folder.path() / "manifest.json";
    if (fs::exists(manifest)) registry.add(test::read_text(manifest));
  }
  int files = 0;
  for (const auto& entry : fs::directory_iterator(TENON_SOURCE_DIR "/pipelines")) {
    if (entry.path().extension() != ".yaml") continue;
    const std::string text = test::read_text(entry.path());
    Environment environment;
    const std::regex variable(R"(\$\{([A-Z_]+)\})");
    for (std::sregex_iterator at(text.begin(), text.end(), variable), end; at != end; ++at) {
      const std::string name = (*at)[1];
      environment[name] = name.ends_with("EMAIL") ? "ann@example.com" : "a1b2c3d4e5f6a7b8c9d0e1f2";
    }
    const Loaded loaded = load_text(entry.path().filename(), text, environment, registry);
    EXPECT_TRUE(loaded.ok() && loaded.diagnostics.empty()) << render_text(loaded.diagnostics, false);
    ++files;
  }
  EXPECT_GT(files, 0);
}

/// Random damage to good files: whatever comes out, it is an answer.
TEST(Loader, SurvivesAnyDamage) {
  const Environment environment = example_environment();
  const std::string pieces[] = {
      "${{",  "}}",    "${",      "}",    "{",   "[",     "]",       "\"",   "'",  ": ",
      " #",   "\n",    "- ",      "|-",   "&a ", "*a",    "!!x ",    "<<: ", "\t", std::string(1, '\0'),
      "\xff", "$each", "$item",   "null", "? ",  "---\n", "%YAML\n", "\\",   "  ", "\r\n",
      "é",    "~",     "[[[[[[[["};
  std::mt19937 random(20261102);
  const auto below = [&](std::size_t most) { return random() % std::max<std::size_t>(1, most); };
  for (const char* name : {"good_whole.yaml", "good_short.yaml"}) {
    const std::string good = test::read_text(kFolder + name);
    for (int round = 0; round < 3000; ++round) {
      std::string text = good;
      for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
        const std::size_t at = below(text.size() + 1);
        switch (below(4)) {
          case 0:
            text.insert(at, pieces[below(std::size(pieces))]);
            break;
          case 1:
            text.erase(at, 1 + below(12));
            break;
          case 2:
            if (at < text.size()) text[at] = static_cast<char>(random());
            break;
          default:
            text.insert(at, text.substr(below(text.size() + 1), below(60)));
        }
      }
      const Loaded loaded = load_text("x.yaml", text, environment, test::example_registry());
      const std::string shown = render_text(loaded.diagnostics, true);
      ASSERT_EQ(loaded.config.pipelines.empty(), !loaded.ok()) << text << shown;
      for (const Diagnostic& d : loaded.diagnostics) {
        ASSERT_FALSE(d.message.empty() || d.code.empty());
        ASSERT_GE(d.length, 1U);
      }
      ASSERT_TRUE(parse_json(render_json(loaded.diagnostics), {.members = 100'000}) ||
                  shown.find('\xff') != std::string::npos);
    }
  }
}

TEST(Url, ReadsHostAndPort) {
  EXPECT_EQ(parse_url("https://API.Example.com/v1?x#y")->authority(), "api.example.com");
  EXPECT_EQ(parse_url("http://127.0.0.1:08081")->authority(), "127.0.0.1:8081");
  EXPECT_EQ(parse_url("https://[::1]:8443/x")->authority(), "[::1]:8443");
  EXPECT_TRUE(parse_url("https://a:b@host")->has_user);
  EXPECT_EQ(parse_url("https://a@b@host")->host, "host");
  for (const char* bad : {"", "host", "://host", "https://", "https://:80", "https://host:", "https://host:0",
                          "https://host:99999", "https://ho st", "https://[::1", "https://[]", "https://[zz]",
                          "https://host:80x", "https://h\xc3\xb6st"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Url, LoopbackIsALiteral) {
  for (const char* yes : {"127.0.0.1", "127.255.0.3", "[::1]"}) EXPECT_TRUE(is_loopback_literal(yes)) << yes;
  for (const char* no : {"localhost", "127.0.0.1.evil.example", "127.1", "127.0.0.256", "127.0.0.1.",
                         "10.0.0.1", "[::2]", "127.0.0.0001"}) {
    EXPECT_FALSE(is_loopback_literal(no)) << no;
  }
}

TEST(Rendering, HasColoursForTerminalsAndJsonForPrograms) {
  const Loaded loaded = load_example("name_is_a_number.yaml");
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  const std::string coloured = render_text(loaded.diagnostics, true);
  EXPECT_NE(coloured.find("\033[1;31merror: \033[0m"), std::string::npos);
  EXPECT_EQ(
      render_json(loaded.diagnostics),
      R"({"diagnostics":[{"severity":"error","file":"name_is_a_number.yaml","line":2,"column":7,"length":2,)"
      R"("end":9,"code":"wrong_type","path":"name","message":"name: expected text, found a number; in quotes it is text: \"12\""}]})");
  EXPECT_EQ(render_json({}), R"({"diagnostics":[]})");
  const std::string slip = render_json(load_example("expression_unknown_field.yaml").diagnostics);
  EXPECT_NE(slip.find(R"("path":"mapping.external_id")"), std::string::npos) << slip;
  EXPECT_NE(slip.find(R"("suggestion":"id")"), std::string::npos) << slip;
  EXPECT_EQ(render_text({}, true), "");
}

TEST(Loader, TakesSecretsFromFilesAndCredentials) {
  std::string folder = (std::filesystem::temp_directory_path() / "tenon-secrets-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto put = [&](const std::string& name, std::string_view text) {
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    std::filesystem::permissions(folder + "/" + name, std::filesystem::perms(0600));
  };
  put("key", "file-key-0123456789\n");
  put("desk.domain", "acme");
  std::string text = test::read_text(kFolder + "secret_credential_none.yaml");
  const auto load = [&](const std::string& domain, const std::string& key) {
    std::string file = text;
    file.replace(file.find("${DOMAIN}"), 9, domain);
    file.replace(file.find("${cred:desk_key}"), 16, key);
    Environment environment = example_environment();
    environment["CREDENTIALS_DIRECTORY"] = folder;
    return load_text("x.yaml", file, environment, test::example_registry());
  };
  const Loaded loaded = load("${cred:desk.domain}", "${file:" + folder + "/key}");
  ASSERT_TRUE(loaded.ok()) << render_text(loaded.diagnostics, false);
  const auto& help = loaded.config.connections.at("help");
  EXPECT_TRUE(help.secrets.at("api_key").equals("file-key-0123456789"));
  EXPECT_EQ(help.account, load("acme", "${API_KEY}").config.connections.at("help").account);
  for (const std::string_view bad : {std::string_view(""), std::string_view("\n"),
                                     std::string_view("a\0b", 3), std::string_view("\xff")}) {
    put("key", bad);
    const Loaded refused = load("acme", "${file:" + folder + "/key}");
    ASSERT_EQ(refused.diagnostics.size(), 1U);
    EXPECT_EQ(refused.diagnostics[0].code,
              bad.size() < 2 && bad != "\xff" ? "secret_empty" : "secret_unreadable");
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tenon::config
