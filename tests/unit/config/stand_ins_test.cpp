// Files load without an environment: what stands in for it fits.
#include "config/stand_ins.hpp"

#include <gtest/gtest.h>

#include "config/loader.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::config {
namespace {

std::string manifest(const std::string& properties, const std::string& verify = "") {
  return R"({"name":"p","version":"1","abi":{"major":1,"minor":0},"connectors":[{"name":"made","settings":{"type":"object",)"
         R"("additionalProperties":false,"properties":{)" +
         properties + R"(}},"verify":[)" + verify +
         R"(],"account":["made:x"],"events":{"e":{"keys":[],"sample":{}}},"operations":{"put":{"shape":"call","input":{"type":"object"}}}}]})";
}

Loaded loaded(const test::ManifestRegistry& registry, const std::string& settings, bool stand_ins = true) {
  LoadOptions options;
  options.stand_ins = stand_ins;
  return load_text("t.yaml",
                   "tenon: 1\nname: t\nconnections:\n  c: { connector: made, verify: none, "
                   "i_understand_unauthenticated: true, " +
                       settings +
                       " }\ntrigger: { connection: c, events: [e] }\nmapping: { a: b }\naction: { "
                       "connection: c, operation: put }\n",
                   {}, registry, options);
}

class StandIn : public testing::TestWithParam<const char*> {};

TEST_P(StandIn, FitsTheSchema) {
  test::ManifestRegistry registry;
  registry.add(manifest(std::string(R"("s":)") + GetParam()));
  const Loaded with = loaded(registry, "s: \"${NAME}\"");
  EXPECT_TRUE(with.ok()) << render_text(with.diagnostics, false);
  EXPECT_FALSE(loaded(registry, "s: \"${NAME}\"", false).ok()) << "without stand-ins the variable is missing";
}

INSTANTIATE_TEST_SUITE_P(
    Schemas, StandIn,
    testing::Values(R"({"type":"string"})", R"({"type":"string","x-secret":true,"minLength":16})",
                    R"({"type":"string","minLength":100})",
                    R"({"type":"string","pattern":"^[a-z0-9]+$","maxLength":32})",
                    R"({"type":"string","format":"uri"})", R"({"type":"string","format":"email"})",
                    R"({"type":"string","format":"uuid"})", R"({"type":"string","format":"hostname"})",
                    R"({"type":"string","format":"date"})", R"({"type":"string","format":"date-time"})",
                    R"({"type":"string","minLength":2,"maxLength":2})",
                    R"({"type":"string","enum":["eu-1","us-1"]})",
                    R"({"type":"integer","minimum":1,"maximum":9})", R"({"type":"boolean"})",
                    R"({"type":"string","pattern":"^[A-Z]+$"})"));

TEST(StandIns, KeysHaveTheFormThatTheirSchemeWants) {
  for (const std::string form : {"whsec", "raw", "base64", "hex"}) {
    test::ManifestRegistry registry;
    registry.add(manifest(
        R"("s":{"type":"string","x-secret":true})",
        R"({"name":"signature","type":"standard_webhooks","setting":"s","key_form":")" + form + R"("})"));
    LoadOptions options;
    options.stand_ins = true;
    const Loaded made = load_text(
        "t.yaml",
        "tenon: 1\nname: t\nconnections:\n  c: { connector: made, s: \"${KEY}\" }\ntrigger: { "
        "connection: c, events: [e] }\nmapping: { a: b }\naction: { connection: c, operation: put }\n",
        {}, registry, options);
    EXPECT_TRUE(made.ok()) << form << ": " << render_text(made.diagnostics, false);
  }
}

TEST(StandIns, OneVariableInTwoPlacesFitsBoth) {
  test::ManifestRegistry registry;
  registry.add(
      manifest(R"("s":{"type":"string","minLength":16},"t":{"type":"string","pattern":"^[a-z0-9-]+$"})"));
  EXPECT_TRUE(loaded(registry, "s: \"${NAME}\", t: \"x-${NAME}\"").ok());
}

TEST(StandIns, FilesAndCredentialsAreNotRead) {
  test::ManifestRegistry registry;
  registry.add(manifest(
      R"("s":{"type":"string","x-secret":true,"minLength":16},"t":{"type":"string","x-secret":true})"));
  const std::string settings = "s: \"${file:/nowhere/key}\", t: \"${cred:desk_key}\"";
  EXPECT_TRUE(loaded(registry, settings).ok());
  EXPECT_FALSE(loaded(registry, settings, false).ok());
}

TEST(StandIns, DefaultsHoldAndWhatNothingFitsIsReported) {
  test::ManifestRegistry registry;
  registry.add(manifest(R"("s":{"type":"string","pattern":"^odd[0-9]{7}odd$"},"t":{"type":"string"})"));
  const Loaded none = loaded(registry, "s: \"${ODD}\"");
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.diagnostics.at(0).message.find("ODD is not set"), std::string::npos);
  const Loaded good = loaded(registry, "s: \"${ODD:-odd1234567odd}\", t: \"${T}\"");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good.config.connections.at("c").settings, R"({"s":"odd1234567odd","t":"standin"})");
}

}  // namespace
}  // namespace tenon::config
