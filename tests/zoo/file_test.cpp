// Files that must not get in. Each is made of a library whose constructor leaves a canary; the canary tells
// whether any of its code ran.
#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/digest.hpp"
#include "plugin/library.hpp"
#include "tests/zoo/cage.hpp"
#include "tests/zoo/rig.hpp"

namespace tenon::zoo {
namespace {

const fs::path kCanaries = TENON_ZOO_CANARY_DIR;

std::string bytes_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The library's bytes with `change` made to them.
void rewrite(const fs::path& path, const std::function<void(std::string&)>& change) {
  std::string bytes = bytes_of_file(path);
  change(bytes);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

Elf64_Ehdr& header(std::string& bytes) { return *reinterpret_cast<Elf64_Ehdr*>(bytes.data()); }

Elf64_Shdr& manifest_section(std::string& bytes) {
  auto* const sections = reinterpret_cast<Elf64_Shdr*>(bytes.data() + header(bytes).e_shoff);
  const char* const names = bytes.data() + sections[header(bytes).e_shstrndx].sh_offset;
  for (int i = 0; i < header(bytes).e_shnum; ++i)
    if (std::strcmp(names + sections[i].sh_name, TENON_MANIFEST_SECTION) == 0) return sections[i];
  throw std::logic_error("no manifest");
}

std::string digest_of(const fs::path& file) { return to_hex(tenon::bytes_of(sha256(bytes_of_file(file)))); }

class PluginFile : public testing::Test {
 protected:
  void SetUp() override {
    canary_ = cage_.path.string() + ".canary";
    setenv("TENON_ZOO_CANARY", canary_.c_str(), 1);
  }
  void TearDown() override {
    fs::remove(canary_);
    unsetenv("TENON_ZOO_CANARY");
  }

  fs::path put(const std::string& animal = "canary", const std::string& as = "canary.so") {
    return cage_.put(animal, as, kCanaries);
  }
  bool code_ran() const { return fs::exists(canary_); }

  /// Opens the directory and makes an instance of whatever got in; the words of the refusal.
  std::string tried(const plugin::Pins& pins = {}) {
    auto registry = plugin::open_registry(cage_.path.string(), pins);
    if (!registry) return registry.error().text();
    std::string words;
    for (const Error& error : (*registry)->refused()) words += error.text() + "\n";
    runtime::VirtualRuntime runtime;
    OpenGate gate(runtime);
    for (const std::string& connector : (*registry)->connectors()) {
      plugin::ConnectionSpec spec;
      spec.name = "desk";
      spec.connector = connector;
      spec.settings = "{}";
      spec.account = "zoo";
      auto made = (*registry)->make_instance(spec, {&runtime, &runtime.delivery(), &gate});
      words += made ? "made " + connector : made.error().text();
    }
    return words;
  }

  void expect_refused(const std::string& code, const std::string& words) {
    const std::string said = tried();
    EXPECT_TRUE(holds(said, code + ": " + cage_.path.string()) && holds(said, words)) << said;
    EXPECT_FALSE(holds(said, "made")) << said;
    EXPECT_FALSE(code_ran());
  }
  /// The same after `change` to the library's bytes.
  void expect_changed_refused(const std::function<void(std::string&)>& change, const std::string& code,
                              const std::string& words) {
    rewrite(put(), change);
    expect_refused(code, words);
  }

  const Cage cage_;
  std::string canary_;
};

TEST_F(PluginFile, AGoodOneIsLoadedAndItsConstructorRuns) {
  put();
  EXPECT_EQ(tried(), "made canary");
  EXPECT_TRUE(code_ran()) << "the control: without it no test here shows anything";
}

TEST_F(PluginFile, NamesThatLeaveTheDirectoryAreNoNames) {
  put();
  const int directory = open(cage_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::string inside = cage_.path.filename().string();
  for (const std::string& name :
       {std::string("../" + inside + "/canary.so"), std::string("/etc/passwd.so"), std::string("./canary.so"),
        std::string("..so/../canary.so"), std::string(".so"), std::string("Canary.so"),
        std::string("canary.so "), std::string("canary.so\0x", 11), std::string("can\nary.so"),
        std::string(65, 'a') + ".so", std::string("canary"), std::string("can.ary.so"), std::string()}) {
    const auto opened = plugin::open_plugin_file(directory, name);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, "plugin_unsafe") << name;
  }
  close(directory);
}

TEST_F(PluginFile, NamesOutsideTheAlphabetAreRefused) {
  put("canary", "Good Plugin.so");
  expect_refused("plugin_unsafe", "a plugin's file name is");
}

TEST_F(PluginFile, ALinkIsRefused) {
  fs::create_symlink(kCanaries / "canary.so", cage_.path / "canary.so");
  expect_refused("plugin_unsafe", "is a symbolic link");
}

TEST_F(PluginFile, ALinkThatDanglesIsRefused) {
  fs::create_symlink("/nonexistent/canary.so", cage_.path / "canary.so");
  expect_refused("plugin_unsafe", "is a symbolic link");
}

TEST_F(PluginFile, AMagicLinkIsRefused) {
  fs::create_symlink("/proc/self/exe", cage_.path / "canary.so");
  expect_refused("plugin_unsafe", "is a symbolic link");
}

TEST_F(PluginFile, AFileOfTheWorldOrTheGroupIsRefused) {
  for (const unsigned mode : {0757U, 0775U, 0666U, 0777U}) {
    const Cage cage;
    fs::permissions(cage.put("canary", "canary.so", kCanaries), fs::perms(mode));
    EXPECT_TRUE(holds(refused(cage.path), "canary.so: may be written by others; chmod go-w")) << mode;
  }
  EXPECT_FALSE(code_ran());
}

TEST_F(PluginFile, ADirectoryOfTheWorldOrTheGroupIsRefused) {
  put();
  for (const unsigned mode : {0777U, 0775U, 01777U}) {
    fs::permissions(cage_.path, fs::perms(mode));
    EXPECT_EQ(refused(cage_.path),
              "plugin_unsafe: " + cage_.path.string() + ": may be written by others; chmod go-w");
    expect_refused("plugin_unsafe", "may be written by others");
  }
}

TEST_F(PluginFile, AnotherOwnersFileIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chown(put().c_str(), 4711, 0), 0);
  expect_refused("plugin_unsafe", "belongs to another user");
}

TEST_F(PluginFile, AnotherOwnersDirectoryIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give directories away";
  put();
  ASSERT_EQ(chown(cage_.path.c_str(), 4711, 0), 0);
  expect_refused("plugin_unsafe", "belongs to another user");
}

TEST_F(PluginFile, APipeADirectoryAndADeviceAreRefused) {
  ASSERT_EQ(mkfifo((cage_.path / "canary.so").c_str(), 0600), 0);
  expect_refused("plugin_unsafe", "is not a regular file");
  fs::remove(cage_.path / "canary.so");
  fs::create_directory(cage_.path / "canary.so");
  expect_refused("plugin_unsafe", "is not a regular file");
  fs::remove(cage_.path / "canary.so");
  if (mknod((cage_.path / "canary.so").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) return;
  const std::string said = refused(cage_.path);  // a file system without devices does not let it be opened
  EXPECT_TRUE(holds(said, "plugin_unsafe") || holds(said, "plugin_unreadable")) << said;
}

TEST_F(PluginFile, AnotherAbiIsRefused) {
  put("canary_next_major");
  expect_refused("plugin_abi_mismatch", "the manifest is of ABI 2.0, this host speaks 1.0");
}

TEST_F(PluginFile, NoEntryIsRefused) {
  put("canary_no_symbol");
  expect_refused("plugin_load_failed", "the library exports no tenon_plugin_v1");
}

TEST_F(PluginFile, NoManifestIsRefused) {
  put("canary_no_manifest");
  expect_refused("plugin_no_manifest", "no section .tenon.manifest");
}

TEST_F(PluginFile, ASearchPathOfItsOwnIsRefused) {
  put("canary_rpath");
  expect_refused("plugin_unsafe", "RPATH or RUNPATH");
}

TEST_F(PluginFile, WhatIsNoLibraryIsRefused) {
  expect_changed_refused(
      [](std::string& b) { b = "#!/bin/sh\ntouch \"$TENON_ZOO_CANARY\"\n" + std::string(64, '#'); },
      "plugin_not_elf", "not an ELF file");
}

TEST_F(PluginFile, AnEmptyFileIsRefused) {
  expect_changed_refused([](std::string& b) { b.clear(); }, "plugin_not_elf", "shorter than an ELF header");
}

TEST_F(PluginFile, A32BitFileIsRefused) {
  expect_changed_refused([](std::string& b) { header(b).e_ident[EI_CLASS] = ELFCLASS32; }, "plugin_not_elf",
                         "not a 64-bit file");
}

TEST_F(PluginFile, AnotherMachinesFileIsRefused) {
  expect_changed_refused([](std::string& b) { header(b).e_machine = EM_S390; }, "plugin_not_elf",
                         "built for another machine");
}

TEST_F(PluginFile, AProgramIsRefused) {
  expect_changed_refused([](std::string& b) { header(b).e_type = ET_EXEC; }, "plugin_not_elf",
                         "not a shared object");
}

TEST_F(PluginFile, ATruncatedFileIsRefused) {
  const auto file = put();
  const auto size = static_cast<double>(fs::file_size(file));
  for (const double part : {0.999, 0.9, 0.5, 0.1, 0.01}) {
    fs::resize_file(file, static_cast<std::uintmax_t>(size * part));
    expect_refused("plugin_not_elf", "");
  }
}

TEST_F(PluginFile, ASegmentPastTheEndIsRefused) {
  expect_changed_refused(
      [](std::string& b) {
        auto* const segments = reinterpret_cast<Elf64_Phdr*>(b.data() + header(b).e_phoff);
        for (int i = 0; i < header(b).e_phnum; ++i)
          if (segments[i].p_type == PT_LOAD) segments[i].p_filesz += 1 << 20;
      },
      "plugin_not_elf", "a segment lies beyond the end of the file");
}

TEST_F(PluginFile, AManifestOfTwoMebibytesIsRefused) {
  expect_changed_refused(
      [](std::string& b) {
        manifest_section(b).sh_size = 2 << 20;
        b.append(3 << 20, ' ');
      },
      "plugin_no_manifest", "the manifest is larger than 1 MiB");
}

TEST_F(PluginFile, AManifestPastTheEndIsRefused) {
  expect_changed_refused([](std::string& b) { manifest_section(b).sh_offset = std::uint64_t(-8); },
                         "plugin_not_elf", "the manifest lies beyond the end of the file");
}

TEST_F(PluginFile, AManifestThatIsNoJsonIsRefused) {
  expect_changed_refused(
      [](std::string& b) {
        std::memset(b.data() + manifest_section(b).sh_offset, '{', manifest_section(b).sh_size);
      },
      "invalid_manifest", "");
}

/// What is swapped in after the check is not what is loaded, in either direction.
TEST_F(PluginFile, OneSwappedInBetweenIsNotLoaded) {
  const auto file = cage_.put("good", "good.so");
  Rig rig(cage_.path.string());
  fs::remove(file);
  fs::copy_file(kCanaries / "canary.so", file);
  rig.expect_good();
  EXPECT_FALSE(code_ran());
}

TEST_F(PluginFile, ALinkSwappedInBetweenIsNotLoaded) {
  const auto file = cage_.put("good", "good.so");
  Rig rig(cage_.path.string());
  fs::remove(file);
  fs::create_symlink(kCanaries / "canary.so", file);
  rig.expect_good();
  EXPECT_FALSE(code_ran());
}

TEST_F(PluginFile, ADirectorySwappedInBetweenIsNotLoaded) {
  cage_.put("good", "good.so");
  Rig rig(cage_.path.string());
  const fs::path aside = cage_.path.string() + ".aside";
  fs::rename(cage_.path, aside);
  fs::create_directory(cage_.path);
  fs::copy_file(kCanaries / "canary.so", cage_.path / "good.so");
  rig.expect_good();
  EXPECT_FALSE(code_ran());
  fs::remove_all(aside);
}

TEST_F(PluginFile, APinnedFileMustBeTheOne) {
  const auto file = put();
  const std::string right = digest_of(file);
  const auto pin = plugin::parse_pin("sha256:" + right);
  ASSERT_TRUE(pin) << pin.error().text();
  rewrite(file, [](std::string& b) { b += '\0'; });
  const std::string said = tried({{"canary", *pin}});
  EXPECT_EQ(said, "plugin_pin_mismatch: " + file.string() + ": is sha256:" + digest_of(file) +
                      ", pinned is sha256:" + right + "\n");
  EXPECT_FALSE(code_ran());
  EXPECT_EQ(tried({{"other", *pin}}),
            "plugin_pin_missing: " + cage_.path.string() + "/other.so: is pinned and is not there");
  EXPECT_FALSE(code_ran());
  rewrite(file, [](std::string& b) { b.pop_back(); });
  EXPECT_EQ(tried({{"canary", *pin}}), "made canary");
}

TEST_F(PluginFile, NoOtherFileTakesAPinnedPluginsConnector) {
  const auto file = put("canary", "zz.so");
  const auto pin = plugin::parse_pin("sha256:" + digest_of(file));
  put("canary", "aa.so");
  EXPECT_TRUE(holds(tried({{"zz", *pin}}), "aa.so: connector canary is in " + file.string() + " already"));
}

TEST(PluginPin, IsWrittenAsADigest) {
  const std::string digits(64, 'a');
  EXPECT_TRUE(plugin::parse_pin("sha256:" + digits));
  for (const std::string& text :
       {digits, "sha256:" + digits + "a", "sha256:" + digits.substr(2), "md5:" + digits, "SHA256:" + digits,
        "sha256:" + std::string(64, 'g'), std::string()}) {
    const auto pin = plugin::parse_pin(text);
    ASSERT_FALSE(pin) << text;
    EXPECT_EQ(pin.error().code, "plugin_pin_invalid");
  }
}

}  // namespace
}  // namespace tenon::zoo
