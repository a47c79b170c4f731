#include "plugin/manifest_file.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "plugin/manifest.hpp"

namespace tenon::plugin {
namespace {

/// The smallest shared object with a manifest: header, two sections' bytes, three section headers.
struct Image {
  Elf64_Ehdr header{};
  std::vector<Elf64_Shdr> sections;
  std::string names;
  std::string manifest;

  explicit Image(std::string text = "{}")
      : names("\0.shstrtab\0.tenon.manifest\0", 27), manifest(std::move(text)) {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_version = EV_CURRENT;
    header.e_type = ET_DYN;
#if defined(__aarch64__)
    header.e_machine = EM_AARCH64;
#else
    header.e_machine = EM_X86_64;
#endif
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shstrndx = 1;
    sections.resize(3);
    sections[1].sh_name = 1;
    sections[1].sh_type = SHT_STRTAB;
    sections[1].sh_offset = sizeof header;
    sections[1].sh_size = names.size();
    sections[2].sh_name = 11;
    sections[2].sh_type = SHT_PROGBITS;
    sections[2].sh_offset = sizeof header + names.size();
    sections[2].sh_size = manifest.size();
    header.e_shnum = 3;
    header.e_shoff = sections[2].sh_offset + manifest.size();
  }
  std::string bytes() const {
    std::string out(reinterpret_cast<const char*>(&header), sizeof header);
    out += names + manifest;
    out.append(reinterpret_cast<const char*>(sections.data()), sections.size() * sizeof(Elf64_Shdr));
    return out;
  }
};

Result<std::string> read(const std::string& file) {
  const ReadAt at = [&file](std::uint64_t offset, void* to, std::size_t size) {
    // What the walker asks for it has checked: anything outside would be a read beyond the file.
    EXPECT_LE(offset, file.size());
    EXPECT_LE(size, file.size() - offset);
    if (offset > file.size() || size > file.size() - offset) return false;
    std::memcpy(to, file.data() + offset, size);
    return true;
  };
  return manifest_section(at, file.size());
}

std::string code_of(const std::string& file) {
  const auto result = read(file);
  return result ? "" : result.error().code;
}

TEST(ManifestFile, FindsTheSection) {
  const auto result = read(Image("{\"name\": 1}").bytes());
  ASSERT_TRUE(result.has_value()) << result.error().text();
  EXPECT_EQ(*result, "{\"name\": 1}");
}

TEST(ManifestFile, RefusesOtherFiles) {
  EXPECT_EQ(code_of(""), "plugin_not_elf");
  EXPECT_EQ(code_of("#!/bin/sh\n" + std::string(200, 'x')), "plugin_not_elf");
  EXPECT_EQ(code_of(std::string(4096, '\0')), "plugin_not_elf");
  const std::pair<const char*, std::function<void(Image&)>> changes[] = {
      {"32-bit", [](Image& i) { i.header.e_ident[EI_CLASS] = ELFCLASS32; }},
      {"big-endian", [](Image& i) { i.header.e_ident[EI_DATA] = ELFDATA2MSB; }},
      {"version", [](Image& i) { i.header.e_version = 2; }},
      {"executable", [](Image& i) { i.header.e_type = ET_EXEC; }},
      {"machine", [](Image& i) { i.header.e_machine = EM_386; }},
      {"entry size", [](Image& i) { i.header.e_shentsize = 40; }},
      {"too many sections", [](Image& i) { i.header.e_shnum = 0xffff; }},
      {"names index", [](Image& i) { i.header.e_shstrndx = 3; }},
      {"sections far away", [](Image& i) { i.header.e_shoff = ~std::uint64_t{0} - 8; }},
      {"sections past the end", [](Image& i) { i.header.e_shnum = 4; }},
      {"names no table", [](Image& i) { i.sections[1].sh_type = SHT_NOBITS; }},
      {"names far away", [](Image& i) { i.sections[1].sh_offset = ~std::uint64_t{0}; }},
      {"names too long", [](Image& i) { i.sections[1].sh_size = 1u << 19; }},
      {"names huge", [](Image& i) { i.sections[1].sh_size = ~std::uint64_t{0}; }},
      {"manifest far away", [](Image& i) { i.sections[2].sh_offset = ~std::uint64_t{0} - 1; }},
      {"manifest past the end", [](Image& i) { i.sections[2].sh_size = 1u << 19; }},
  };
  for (const auto& [what, change] : changes) {
    Image image;
    change(image);
    EXPECT_EQ(code_of(image.bytes()), "plugin_not_elf") << what;
  }
}

TEST(ManifestFile, RefusesFilesWithoutAManifest) {
  const std::pair<const char*, std::function<void(Image&)>> changes[] = {
      {"stripped", [](Image& i) { i.header.e_shoff = 0; }},
      {"no sections", [](Image& i) { i.header.e_shnum = 0; }},
      {"name outside", [](Image& i) { i.sections[2].sh_name = 1u << 30; }},
      {"name without end", [](Image& i) { i.names.back() = 'x'; }},
      {"two of them", [](Image& i) { i.sections[0] = i.sections[2]; }},
      {"no bytes", [](Image& i) { i.sections[2].sh_type = SHT_NOBITS; }},
      {"compressed", [](Image& i) { i.sections[2].sh_flags = SHF_COMPRESSED; }},
      {"huge", [](Image& i) { i.sections[2].sh_size = (1u << 20) + 1; }},
  };
  for (const auto& [what, change] : changes) {
    Image image;
    change(image);
    EXPECT_EQ(code_of(image.bytes()), "plugin_no_manifest") << what;
  }
}

TEST(ManifestFile, AnyCutIsAnError) {
  const std::string whole = Image().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(code_of(whole.substr(0, size)), "") << size;
}

TEST(ManifestFile, AnyFlippedBitReadsInsideTheFileOnly) {
  const std::string whole = Image().bytes();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    (void)read(changed);
  }
}

TEST(ManifestFile, NamesFilesThatCannotBeRead) {
  EXPECT_EQ(read_manifest("/nonexistent/plugin.so").error().code, "plugin_unreadable");
  EXPECT_EQ(read_manifest("/tmp").error().code, "plugin_unreadable");
  EXPECT_EQ(read_manifest("/dev/null").error().code, "plugin_unreadable");
  EXPECT_EQ(read_manifest(TENON_SOURCE_DIR "/README.md").error().code, "plugin_not_elf");
}

TEST(ManifestFile, ALibraryOfThisMachineHasNone) {
  const auto result = read_manifest("/proc/self/exe");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, "plugin_no_manifest") << result.error().text();
}

}  // namespace
}  // namespace tenon::plugin
