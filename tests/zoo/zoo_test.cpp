// Animals that must not get in: refused by their file, their manifest or their table, each with a reason.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plugin/manifest.hpp"
#include "tests/zoo/cage.hpp"
#include "tests/zoo/rig.hpp"

namespace tenon::zoo {
namespace {

namespace fs = std::filesystem;

std::string load_error(const std::string& animal) {
  Rig rig(TENON_ZOO_DIR);
  auto made = rig.make(animal);
  EXPECT_FALSE(made.has_value()) << animal;
  const std::string error = made ? "" : made.error().text();
  rig.expect_good();
  return error;
}

TEST(Zoo, AGoodPluginIsServed) { Rig(TENON_ZOO_DIR).expect_good(); }

TEST(Zoo, FilesThatCannotBeJudgedAreRefusedWithoutLoading) {
  Rig rig(TENON_ZOO_DIR);
  std::string all;
  for (const Error& error : rig.registry->refused()) all += error.text() + "\n";
  EXPECT_TRUE(holds(all, "plugin_no_manifest: " TENON_ZOO_DIR "/no_manifest.so: no section .tenon.manifest"))
      << all;
  EXPECT_TRUE(holds(all, "plugin_abi_mismatch: " TENON_ZOO_DIR
                         "/next_major.so: the manifest is of ABI 2.0, this host speaks 1.0"))
      << all;
  EXPECT_TRUE(holds(
      all, "plugin_load_failed: " TENON_ZOO_DIR "/no_symbol.so: the library exports no tenon_plugin_v1"))
      << all;
  EXPECT_EQ(rig.registry->refused().size(), 3u) << all;
  EXPECT_EQ(rig.registry->find("no_manifest"), nullptr);
  EXPECT_EQ(rig.registry->find("next_major"), nullptr);
  EXPECT_EQ(dlopen(TENON_ZOO_DIR "/no_manifest.so", RTLD_NOLOAD | RTLD_NOW), nullptr);
}

TEST(Zoo, ReadingManifestsLoadsNothing) {
  const Cage cage;
  const auto file = cage.put("good", "good.so");
  auto registry = plugin::open_registry(cage.path.string());
  ASSERT_TRUE(registry.has_value());
  EXPECT_NE((*registry)->find("good"), nullptr);
  EXPECT_EQ(dlopen(file.c_str(), RTLD_NOLOAD | RTLD_NOW), nullptr);
}

TEST(Zoo, TablesThatDoNotFitAreRefusedWithBothNumbers) {
  EXPECT_TRUE(holds(load_error("wrong_major"), "the library is of ABI 2.0, this host speaks 1.0"));
  EXPECT_TRUE(holds(load_error("wrong_minor"), "the library is of ABI 1.7, this host speaks 1.0"));
  EXPECT_TRUE(holds(load_error("short_struct"), "tenon_sink has 32 bytes, this host needs 40"));
  EXPECT_TRUE(holds(load_error("null_entry"),
                    "plugin_abi_mismatch: " TENON_ZOO_DIR "/null_entry.so: the entry returned null"));
  EXPECT_TRUE(holds(load_error("manifest_mismatch"), "the manifest has no connector somebody_else"));
  EXPECT_TRUE(
      holds(load_error("null_function"), "operation upsert_thing (upsert) needs find, which is null"));
  EXPECT_TRUE(holds(load_error("nobody"), "no plugin has a connector called nobody"));
}

TEST(Zoo, RefusedSettingsComeWithThePluginsWords) {
  Rig rig(TENON_ZOO_DIR);
  auto made = rig.make("good", R"({"mode": "refuse"})");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().text(), "plugin_create_failed: connection desk: these settings are refused");
  rig.expect_good();
}

TEST(Zoo, TwoPluginsWithOneConnectorAreNotBothTaken) {
  const Cage cage;
  cage.put("good", "a.so");
  cage.put("good", "b.so");
  EXPECT_EQ(refused(cage.path), "invalid_manifest: " + (cage.path / "b.so").string() +
                                    ": connector good is in " + (cage.path / "a.so").string() + " already\n");
}

TEST(Zoo, TheFileThatWasCheckedIsTheOneThatIsLoaded) {
  const Cage cage;
  const auto file = cage.put("good", "good.so");
  Rig rig(cage.path.string());
  fs::remove(file);
  std::ofstream(file) << "something else";
  rig.expect_good();
}

}  // namespace
}  // namespace tenon::zoo
