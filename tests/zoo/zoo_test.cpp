// Animals that must not get in: refused by their file, their manifest or their table, each with a reason.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plugin/manifest.hpp"
#include "tests/zoo/rig.hpp"

namespace tenon::zoo {
namespace {

namespace fs = std::filesystem;

/// A directory of its own with copies of animals.
class Cage {
 public:
  Cage() {
    std::string name = (fs::temp_directory_path() / "tenon-zoo-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  Cage(const Cage&) = delete;
  Cage& operator=(const Cage&) = delete;
  ~Cage() { fs::remove_all(path); }
  fs::path put(const std::string& animal, const std::string& as) const {
    fs::copy_file(fs::path(TENON_ZOO_DIR) / (animal + ".so"), path / as);
    fs::permissions(path / as, fs::perms(0755));
    return path / as;
  }
  fs::path path;
};

/// The one error of a directory's registry.
std::string refused(const fs::path& directory) {
  auto registry = plugin::open_registry(directory.string());
  if (!registry) return registry.error().text();
  std::string out;
  for (const Error& error : (*registry)->refused()) out += error.text() + "\n";
  return out;
}

std::string load_error(const std::string& animal) {
  Rig rig(TENON_ZOO_DIR);
  auto made = rig.make(animal);
  EXPECT_FALSE(made.has_value()) << animal;
  const std::string error = made ? "" : made.error().text();
  rig.expect_good();
  return error;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

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
  EXPECT_EQ(rig.registry->refused().size(), 2u) << all;
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
  EXPECT_EQ(load_error("no_symbol"),
            "plugin_load_failed: " TENON_ZOO_DIR "/no_symbol.so: the library exports no tenon_plugin_v1");
  EXPECT_TRUE(holds(load_error("nobody"), "no plugin has a connector called nobody"));
}

TEST(Zoo, RefusedSettingsComeWithThePluginsWords) {
  Rig rig(TENON_ZOO_DIR);
  auto made = rig.make("good", R"({"mode": "refuse"})");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().text(), "plugin_create_failed: connection desk: these settings are refused");
  rig.expect_good();
}

TEST(Zoo, AFileThatOthersCouldChangeIsRefused) {
  const Cage cage;
  fs::permissions(cage.put("good", "good.so"), fs::perms(0775));
  EXPECT_TRUE(holds(refused(cage.path), "may be written by others"));
  fs::permissions(cage.path / "good.so", fs::perms(0757));
  EXPECT_TRUE(holds(refused(cage.path), "may be written by others"));
  fs::permissions(cage.path / "good.so", fs::perms(0755));
  EXPECT_EQ(refused(cage.path), "");
  if (geteuid() == 0 && chown((cage.path / "good.so").c_str(), 4711, 0) == 0) {
    EXPECT_TRUE(holds(refused(cage.path), "belongs to another user"));
  }
}

TEST(Zoo, LinksAndOtherThingsAreRefused) {
  const Cage cage;
  fs::create_symlink(fs::path(TENON_ZOO_DIR) / "good.so", cage.path / "link.so");
  EXPECT_TRUE(holds(refused(cage.path),
                    "plugin_unsafe: " + (cage.path / "link.so").string() + ": is a symbolic link"));
  fs::remove(cage.path / "link.so");
  fs::create_directory(cage.path / "folder.so");
  EXPECT_TRUE(holds(refused(cage.path), "is not a regular file"));
  fs::remove(cage.path / "folder.so");
  ASSERT_EQ(mkfifo((cage.path / "pipe.so").c_str(), 0600), 0);
  EXPECT_TRUE(holds(refused(cage.path), "is not a regular file"));
  fs::remove(cage.path / "pipe.so");
  cage.put("good", "Good Plugin.so");
  EXPECT_TRUE(holds(refused(cage.path), "a plugin's file name is"));
  EXPECT_TRUE(holds(refused("/nonexistent/plugins"), "plugin_dir_unreadable: /nonexistent/plugins"));
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

TEST(Zoo, ATruncatedLibraryIsRefused) {
  const Cage cage;
  const auto file = cage.put("good", "good.so");
  const auto size = fs::file_size(file);
  for (const double part : {0.0, 0.1, 0.5, 0.9, 0.999}) {
    fs::resize_file(file, static_cast<std::uintmax_t>(static_cast<double>(size) * part));
    EXPECT_TRUE(holds(refused(cage.path), "plugin_not_elf")) << part;
  }
}

}  // namespace
}  // namespace tenon::zoo
