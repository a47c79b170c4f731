// The parts of the host's side of the border, each by itself.
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "plugin/body.hpp"
#include "plugin/borrowed.hpp"
#include "plugin/hosts.hpp"
#include "plugin/library.hpp"
#include "plugin/verdict.hpp"

namespace tenon::plugin {
namespace {

using Verdict = CallResult::Verdict;

std::string at(std::string_view json, std::string_view pointer) {
  const auto document = parse_json(json);
  const Value found = at_pointer(document.value().root, pointer);
  return found.is_missing() ? "nothing" : to_json(found);
}

TEST(Body, FollowsJsonPointersAsRfc6901Says) {
  // The examples of RFC 6901, section 5.
  constexpr const char* kExample =
      R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})";
  EXPECT_EQ(at(kExample, "/foo"), R"(["bar","baz"])");
  EXPECT_EQ(at(kExample, "/foo/0"), R"("bar")");
  EXPECT_EQ(at(kExample, "/"), "0");
  EXPECT_EQ(at(kExample, "/a~1b"), "1");
  EXPECT_EQ(at(kExample, "/c%d"), "2");
  EXPECT_EQ(at(kExample, "/e^f"), "3");
  EXPECT_EQ(at(kExample, "/g|h"), "4");
  EXPECT_EQ(at(kExample, "/i\\j"), "5");
  EXPECT_EQ(at(kExample, "/k\"l"), "6");
  EXPECT_EQ(at(kExample, "/ "), "7");
  EXPECT_EQ(at(kExample, "/m~0n"), "8");
  EXPECT_EQ(at("7", ""), "7");
  for (const char* nowhere : {"foo", "/foo/2", "/foo/00", "/foo/-", "/foo/+1", "/foo/0x",
                              "/foo/99999999999999999999", "/foo/0/0", "/bar", "/m~n", "/m~2n", "/m~", "//"})
    EXPECT_EQ(at(kExample, nowhere), "nothing") << nowhere;
}

TEST(Body, ParsesOnceAndKnowsItsOwnTexts) {
  Body body(R"({"a": [1.50, {"b": "x"}]})", {});
  const auto text = body.text("/a");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*text, R"([1.50,{"b":"x"}])");
  EXPECT_TRUE(body.handed_out(std::string(*text))) << "a copy is as good";
  EXPECT_FALSE(body.handed_out(text->substr(1)));
  EXPECT_FALSE(body.handed_out({}));
  EXPECT_EQ(*body.text("/nothing"), "");
  Body broken("{]", {});
  EXPECT_FALSE(broken.at("").has_value());
  EXPECT_FALSE(broken.text("").has_value());
}

std::optional<std::string> refusal(const std::vector<std::string>& hosts, const std::string& url) {
  const auto target = runtime::parse_target(url);
  if (!target) return target.error().text();
  return AllowedHosts(hosts).refusal(*target);
}

TEST(Body, TakesWhatIsParsedAlready) {
  const auto document = parse_json(R"({"a": "of the caller"})");
  ASSERT_TRUE(document.has_value());
  Body body("not looked at", document->root);
  EXPECT_EQ(*body.text("/a"), R"("of the caller")");
}

TEST(AllowedHosts, AreMetExactly) {
  const std::vector<std::string> hosts = {"API.shop.test",  "other.test:8443", "*.cdn.test",
                                          "127.0.0.1:8080", "[::1]:8080",      "localhost:1"};
  for (const char* good : {"https://api.shop.test/x", "https://API.SHOP.TEST:443/",
                           "https://other.test:8443/", "https://a.cdn.test/", "https://a.b.cdn.test/",
                           "http://127.0.0.1:8080/", "http://[::1]:8080/", "http://localhost:1/"})
    EXPECT_FALSE(refusal(hosts, good).has_value()) << good << " " << refusal(hosts, good).value_or("");
  for (const char* bad :
       {"https://api.shop.test:8443/", "https://other.test/", "https://cdn.test/", "https://evilcdn.test/",
        "https://.cdn.test/", "https://api.shop.test.evil.test/", "https://evil.test#api.shop.test",
        "https://evil.test/api.shop.test", "https://api.shop.test@evil.test/", "http://api.shop.test/",
        "http://api.shop.test:443/", "http://127.0.0.1/", "http://127.0.0.2:8080/", "https://shop.test/"})
    EXPECT_TRUE(refusal(hosts, bad).has_value()) << bad;
  EXPECT_TRUE(refusal({}, "https://a.test/").has_value());
  EXPECT_TRUE(refusal({"", "*.", ":80", "["}, "https://a.test/").has_value());
  EXPECT_EQ(refusal({"shop.test:8080"}, "http://shop.test:8080/"),
            "plain http to another machine: use https");
}

TEST(AllowedHosts, AFinalDotIsAnotherName) {
  EXPECT_TRUE(refusal({"shop.test"}, "https://shop.test./").has_value());
}

ConnectorManifest with_auth(std::vector<AuthScheme> auth) {
  ConnectorManifest out;
  out.auth = std::move(auth);
  return out;
}

TEST(Credential, IsTheFirstWhoseSettingsAreAllThere) {
  AuthScheme basic, bearer, header;
  basic.type = AuthScheme::Type::basic;
  basic.user_setting = "email";
  basic.secret_setting = "key";
  bearer.type = AuthScheme::Type::bearer;
  bearer.secret_setting = "key";
  header.type = AuthScheme::Type::header;
  header.header = "X-Auth-Token";
  header.secret_setting = "token";
  const auto manifest = with_auth({basic, bearer, header});
  ConnectionSpec spec;
  spec.settings = R"({"email": "ann@x.test"})";
  spec.secrets["key"] = Secret("k3y");
  spec.secrets["token"] = Secret("t");
  Credential credential(spec, manifest);
  EXPECT_EQ(credential.header(), "Authorization");
  EXPECT_EQ(credential.value().reveal(), "Basic YW5uQHgudGVzdDprM3k=");
  spec.settings = R"({"email": ""})";
  EXPECT_EQ(Credential(spec, manifest).value().reveal(), "Bearer k3y");
  spec.secrets.erase("key");
  EXPECT_EQ(Credential(spec, manifest).header(), "X-Auth-Token");
  spec.secrets.clear();
  EXPECT_EQ(Credential(spec, manifest).header(), "");
  for (const char* own : {"authorization", "AUTHORIZATION", "x-auth-token", "Cookie", "proxy-authorization"})
    EXPECT_TRUE(Credential(spec, manifest).owns(own)) << own;
  EXPECT_FALSE(Credential(spec, manifest).owns("idempotency-key"));
}

/// "verdict/cause" after the host's knowledge.
std::string known(Verdict verdict, Cause cause, RequestsSeen seen) {
  CallResult result;
  result.verdict = verdict;
  result.cause = cause;
  apply_knowledge(result, seen);
  EXPECT_EQ(result.sent, seen.sent());
  if (result.verdict == Verdict::delivered) return "delivered";
  return (result.verdict == Verdict::retry ? "retry/" : "rejected/") + std::string(name_of(result.cause));
}

TEST(Knowledge, BeatsWhatThePluginSays) {
  const RequestsSeen nothing;
  const RequestsSeen no{Sent::no, Sent::no, false}, maybe{Sent::maybe, Sent::maybe, false},
      yes{Sent::yes, Sent::yes, false};
  const RequestsSeen looked{Sent::maybe, Sent::yes, true};
  EXPECT_EQ(known(Verdict::delivered, Cause::none, yes), "delivered");
  EXPECT_EQ(known(Verdict::delivered, Cause::none, nothing), "delivered");
  EXPECT_EQ(known(Verdict::delivered, Cause::none, maybe), "retry/ambiguous");
  EXPECT_EQ(known(Verdict::delivered, Cause::none, looked), "delivered");
  EXPECT_EQ(known(Verdict::delivered, Cause::none, no), "retry/not_sent");
  EXPECT_EQ(known(Verdict::retry, Cause::not_sent, maybe), "retry/ambiguous");
  EXPECT_EQ(known(Verdict::retry, Cause::not_sent, yes), "retry/ambiguous");
  EXPECT_EQ(known(Verdict::retry, Cause::not_sent, no), "retry/not_sent");
  EXPECT_EQ(known(Verdict::retry, Cause::throttled, maybe), "retry/ambiguous");
  EXPECT_EQ(known(Verdict::retry, Cause::throttled, yes), "retry/throttled");
  EXPECT_EQ(known(Verdict::retry, Cause::ambiguous, no), "retry/not_sent");
  EXPECT_EQ(known(Verdict::retry, Cause::ambiguous, nothing), "retry/not_sent");
  EXPECT_EQ(known(Verdict::retry, Cause::ambiguous, yes), "retry/ambiguous");
  EXPECT_EQ(known(Verdict::rejected, Cause::invalid, maybe), "retry/ambiguous");
  EXPECT_EQ(known(Verdict::rejected, Cause::invalid, looked), "rejected/invalid");
  EXPECT_EQ(known(Verdict::rejected, Cause::plugin, maybe), "rejected/plugin");
  EXPECT_EQ(known(Verdict::rejected, Cause::invalid, yes), "rejected/invalid");
}

TEST(Borrowed, WordsAreCutAndMadeText) {
  const std::string longer = std::string(2047, 'x') + "€€";
  Borrowed in;
  const std::string cut = in.words({longer.data(), longer.size()}, "words");
  EXPECT_EQ(cut, std::string(2047, 'x') + "…");
  EXPECT_EQ(in.words({"a\xff", 2}, "words"), "a?");
  EXPECT_EQ(in.words({nullptr, 0}, "words"), "");
  EXPECT_TRUE(in.ok()) << in.problem();
}

TEST(Borrowed, CountsWhatIsTakenTogether) {
  const std::string big(std::size_t{16} << 20, 'x');
  Borrowed in;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(in.bytes({big.data(), big.size()}, "data").size(), big.size());
  EXPECT_EQ(in.bytes({big.data(), 1}, "data"), "");
  EXPECT_EQ(in.problem(), "more than 67108864 bytes in one call");
}

TEST(Borrowed, StepsByTheSizeThatThePluginWasCompiledWith) {
  struct Newer {
    tenon_match match;
    std::uint64_t added;
  };
  Newer two[2] = {};
  two[0].match.size = two[1].match.size = sizeof(Newer);
  two[0].match.id = {"1", 1};
  two[1].match.id = {"2", 1};
  tenon_result result{};
  result.size = sizeof result;
  result.verdict = TENON_FOUND;
  result.matches = &two[0].match;
  result.match_count = 2;
  const CallResult copied = copy_result(&result, CallKind::find, false);
  ASSERT_EQ(copied.matches.size(), 2u) << copied.message;
  EXPECT_EQ(copied.matches[1].id, "2");
}

TEST(CheckTable, RefusesAbsurdTables) {
  const Manifest manifest;
  EXPECT_FALSE(check_table(nullptr, manifest).has_value());
  tenon_plugin plugin{};
  EXPECT_FALSE(check_table(&plugin, manifest).has_value()) << "size 0";
  plugin.size = sizeof plugin;
  plugin.abi_major = TENON_ABI_MAJOR;
  EXPECT_EQ(check_table(&plugin, manifest).error().message, "no connectors");
  const tenon_connector* const none[] = {nullptr};
  plugin.connectors = none;
  plugin.connector_count = std::size_t(-1);
  EXPECT_EQ(check_table(&plugin, manifest).error().message, "18446744073709551615 connectors, at most 64");
  plugin.connector_count = 1;
  EXPECT_EQ(check_table(&plugin, manifest).error().message, "a connector is null");
  plugin.size = 24;
  EXPECT_EQ(check_table(&plugin, manifest).error().message, "tenon_plugin has 24 bytes, this host needs 32");
}

}  // namespace
}  // namespace tenon::plugin
