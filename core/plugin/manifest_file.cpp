#include "plugin/manifest_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "plugin/manifest.hpp"
#include "tenon/abi.h"

namespace tenon::plugin {
namespace {

constexpr std::uint64_t kMostManifest = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostNames = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostTable = std::uint64_t{16} << 20;  ///< bytes of symbols or their names
constexpr std::size_t kMostSections = 4096;

Error not_elf(std::string what) { return {"plugin_not_elf", std::move(what)}; }
Error no_manifest(std::string what) { return {"plugin_no_manifest", std::move(what)}; }

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

Status check_header(const Elf64_Ehdr& h) {
  if (std::memcmp(h.e_ident, ELFMAG, SELFMAG) != 0) return not_elf("not an ELF file");
  if (h.e_ident[EI_CLASS] != ELFCLASS64) return not_elf("not a 64-bit file");
  if (h.e_ident[EI_DATA] != ELFDATA2LSB) return not_elf("not little-endian");
  if (h.e_ident[EI_VERSION] != EV_CURRENT || h.e_version != EV_CURRENT)
    return not_elf("an unknown ELF version");
  if (h.e_type != ET_DYN) return not_elf("not a shared object");
#if defined(__x86_64__)
  if (h.e_machine != EM_X86_64) return not_elf("built for another machine");
#elif defined(__aarch64__)
  if (h.e_machine != EM_AARCH64) return not_elf("built for another machine");
#endif
  if (h.e_shoff == 0 || h.e_shnum == 0) return no_manifest("the file has no section headers (stripped?)");
  if (h.e_shentsize != sizeof(Elf64_Shdr)) return not_elf("section headers of an unknown size");
  if (h.e_shnum > kMostSections) return not_elf("too many sections");
  if (h.e_shstrndx >= h.e_shnum) return not_elf("section names are nowhere");
  return {};
}

/// The name that begins at `at` of the table; empty if it does not end inside.
std::string_view name_at(const std::string& names, std::uint64_t at) {
  if (at >= names.size()) return {};
  const auto end = names.find('\0', at);
  return end == std::string::npos ? std::string_view() : std::string_view(names).substr(at, end - at);
}

Result<Elf64_Ehdr> header_of(const ReadAt& read, std::uint64_t file_size) {
  Elf64_Ehdr header;
  if (file_size < sizeof header || !read(0, &header, sizeof header))
    return not_elf("shorter than an ELF header");
  TENON_CHECK(check_header(header));
  return header;
}

Result<std::vector<Elf64_Shdr>> sections_of(const ReadAt& read, std::uint64_t file_size,
                                            const Elf64_Ehdr& header) {
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  const std::uint64_t bytes = sections.size() * sizeof(Elf64_Shdr);
  if (!inside(header.e_shoff, bytes, file_size) || !read(header.e_shoff, sections.data(), bytes))
    return not_elf("section headers beyond the end of the file");
  return sections;
}

/// Calls `visit` with each entry of a table of `size` bytes at `offset`, until it returns false.
template <class Entry>
Status each_entry(const ReadAt& read, std::uint64_t file_size, std::uint64_t offset, std::uint64_t size,
                  const char* what, const Function<bool(const Entry&)>& visit) {
  if (size > kMostTable || !inside(offset, size, file_size))
    return not_elf(std::string(what) + " beyond the end of the file");
  std::vector<Entry> entries(size / sizeof(Entry));
  if (!read(offset, entries.data(), entries.size() * sizeof(Entry)))
    return not_elf(std::string(what) + " cannot be read");
  for (const Entry& entry : entries)
    if (!visit(entry)) break;
  return {};
}

/// True if the dynamic symbols hold the entry, defined and visible.
Result<bool> exports_entry(const ReadAt& read, std::uint64_t file_size,
                           const std::vector<Elf64_Shdr>& sections) {
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& text = sections[section.sh_link];
    if (text.sh_size > kMostTable || !inside(text.sh_offset, text.sh_size, file_size))
      return not_elf("symbol names beyond the end of the file");
    std::string names(text.sh_size, '\0');
    if (!read(text.sh_offset, names.data(), names.size())) return not_elf("symbol names cannot be read");
    bool found = false;
    TENON_CHECK(each_entry<Elf64_Sym>(
        read, file_size, section.sh_offset, section.sh_size, "symbols", [&](const Elf64_Sym& symbol) {
          found = symbol.st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol.st_info) != STB_LOCAL &&
                  name_at(names, symbol.st_name) == TENON_ENTRY_SYMBOL;
          return !found;
        }));
    if (found) return true;
  }
  return false;
}

}  // namespace

Status check_loadable(const ReadAt& read, std::uint64_t file_size) {
  TENON_TRY(const Elf64_Ehdr header, header_of(read, file_size));
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return not_elf("program headers of an unknown size");
  Status segments;
  std::uint64_t dynamic_at = 0;
  std::uint64_t dynamic_size = 0;
  TENON_CHECK(each_entry<Elf64_Phdr>(
      read, file_size, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr), "program headers",
      [&](const Elf64_Phdr& segment) {
        // A segment past the end would be mapped all the same, and kill the process when it is touched.
        if (segment.p_type == PT_LOAD && !inside(segment.p_offset, segment.p_filesz, file_size))
          segments = not_elf("a segment lies beyond the end of the file");
        if (segment.p_type == PT_DYNAMIC) {
          dynamic_at = segment.p_offset;
          dynamic_size = segment.p_filesz;
        }
        return true;
      }));
  TENON_CHECK(segments);
  bool own_path = false;
  TENON_CHECK(each_entry<Elf64_Dyn>(read, file_size, dynamic_at, dynamic_size, "the dynamic section",
                                    [&](const Elf64_Dyn& entry) {
                                      own_path |= entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
                                      return entry.d_tag != DT_NULL;
                                    }));
  if (own_path)
    return Error("plugin_unsafe",
                 "names directories of its own for libraries (RPATH or RUNPATH); link it without");
  TENON_TRY(const auto sections, sections_of(read, file_size, header));
  TENON_TRY(const bool entry, exports_entry(read, file_size, sections));
  if (!entry) return Error("plugin_load_failed", "the library exports no " TENON_ENTRY_SYMBOL);
  return {};
}

Result<std::string> manifest_section(const ReadAt& read, std::uint64_t file_size) {
  TENON_TRY(const Elf64_Ehdr header, header_of(read, file_size));
  TENON_TRY(const auto sections, sections_of(read, file_size, header));

  const Elf64_Shdr& names_section = sections[header.e_shstrndx];
  if (names_section.sh_type != SHT_STRTAB || names_section.sh_size > kMostNames ||
      !inside(names_section.sh_offset, names_section.sh_size, file_size))
    return not_elf("section names beyond the end of the file");
  std::string names(names_section.sh_size, '\0');
  if (!read(names_section.sh_offset, names.data(), names.size()))
    return not_elf("section names cannot be read");

  const Elf64_Shdr* found = nullptr;
  for (const Elf64_Shdr& section : sections) {
    if (name_at(names, section.sh_name) != TENON_MANIFEST_SECTION) continue;
    if (found) return no_manifest("two sections " TENON_MANIFEST_SECTION);
    found = &section;
  }
  if (!found) return no_manifest("no section " TENON_MANIFEST_SECTION);
  if (found->sh_type != SHT_PROGBITS || (found->sh_flags & SHF_COMPRESSED) != 0)
    return no_manifest("the section " TENON_MANIFEST_SECTION " holds no plain bytes");
  if (found->sh_size > kMostManifest) return no_manifest("the manifest is larger than 1 MiB");
  if (!inside(found->sh_offset, found->sh_size, file_size))
    return not_elf("the manifest lies beyond the end of the file");
  std::string text(found->sh_size, '\0');
  if (!read(found->sh_offset, text.data(), text.size())) return not_elf("the manifest cannot be read");
  return text;
}

namespace {

/// `use` with a reader of the open file and its size.
template <class Use>
auto with_file(int descriptor, const Use& use) -> decltype(use(std::declval<const ReadAt&>(), 0)) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return Error("plugin_unreadable", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return Error("plugin_unreadable", "not a regular file");
  const ReadAt read = [descriptor](std::uint64_t offset, void* to, std::size_t size) {
    auto* at = static_cast<char*>(to);
    while (size > 0) {
      const auto got = pread(descriptor, at, size, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got;
      offset += static_cast<std::uint64_t>(got);
      size -= static_cast<std::size_t>(got);
    }
    return true;
  };
  return use(read, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace

Result<std::string> manifest_section(int descriptor) {
  return with_file(descriptor,
                   [](const ReadAt& read, std::uint64_t size) { return manifest_section(read, size); });
}

Status check_loadable(int descriptor) {
  return with_file(descriptor,
                   [](const ReadAt& read, std::uint64_t size) { return check_loadable(read, size); });
}

Result<Manifest> read_manifest(const std::string& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return Error("plugin_unreadable", file + ": " + std::strerror(errno));
  auto text = manifest_section(descriptor);
  close(descriptor);
  if (!text) return Error(text.error().code, file + ": " + text.error().message);
  auto manifest = parse_manifest(*text);
  if (!manifest) return Error(manifest.error().code, file + ": " + manifest.error().message);
  return manifest;
}

}  // namespace tenon::plugin
