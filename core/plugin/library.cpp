#include "plugin/library.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "runtime/doing.hpp"

namespace tenon::plugin {
namespace {

constexpr std::size_t kMostConnectors = 64;
constexpr std::size_t kMostNameBytes = 64;
constexpr std::size_t kMostFile = std::size_t{1} << 30;

Error mismatch(std::string what) { return {"plugin_abi_mismatch", std::move(what)}; }

bool is_plugin_name(std::string_view name) {
  if (!name.ends_with(".so")) return false;
  name.remove_suffix(3);
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// The kernel itself holds to the directory: no link and no mount of /proc is followed, whatever the name.
int open_beneath(int directory, const char* name) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long descriptor = syscall(SYS_openat2, directory, name, &how, sizeof how);
  if (descriptor >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(descriptor);
  // A kernel before 5.6, or a sandbox that does not know the call. The name holds no slash, so the directory
  // cannot be left but by a link, and the last part of a path is no link here either.
  return openat(directory, name, static_cast<int>(how.flags));
}

/// What lets others than root and this user change it, or nullptr.
const char* changeable(const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != geteuid())
    return "belongs to another user than root or the one that runs the host";
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "may be written by others; chmod go-w";
  return nullptr;
}

template <class T>
Status check_struct(const T* table, const char* name) {
  if (reinterpret_cast<std::uintptr_t>(table) % alignof(T) != 0)
    return mismatch(std::string(name) + " is misaligned");
  if (table->size >= sizeof(T)) return {};
  return mismatch(std::string(name) + " has " + std::to_string(table->size) + " bytes, this host needs " +
                  std::to_string(sizeof(T)));
}

/// The first promised function that is null; empty if all are there.
std::string missing_function(const tenon_connector& c, const ConnectorManifest& m) {
  const auto source = [&](const auto member) { return c.source && c.source->*member; };
  const auto sink = [&](const auto member) { return c.sink && c.sink->*member; };
  if (!m.events.empty() && !source(&tenon_source::accept)) return "events need accept";
  if (!m.fetches.empty() && !source(&tenon_source::fetch)) return "fetches need fetch";
  if (!m.lists.empty() && !source(&tenon_source::list)) return "lists need list";
  for (const Operation& operation : m.operations) {
    if (operation.shape == Operation::Shape::call) {
      if (!sink(&tenon_sink::deliver)) return "operation " + operation.name + " (call) needs deliver";
      continue;
    }
    if (!sink(&tenon_sink::find)) return "operation " + operation.name + " (upsert) needs find";
    if (!sink(&tenon_sink::create)) return "operation " + operation.name + " (upsert) needs create";
    if (!sink(&tenon_sink::update)) return "operation " + operation.name + " (upsert) needs update";
  }
  return {};
}

Result<std::string> check_connector(const tenon_connector* c, const Manifest& manifest) {
  if (!c) return mismatch("a connector is null");
  TENON_CHECK(check_struct(c, "tenon_connector"));
  if (!c->name.data || c->name.size == 0 || c->name.size > kMostNameBytes)
    return mismatch("a connector without a name");
  std::string name(c->name.data, c->name.size);
  if (!is_utf8(name)) return mismatch("a connector's name is not text");
  if (!c->create || !c->destroy) return mismatch(name + ": create or destroy is null");
  if (!c->source && !c->sink) return mismatch(name + ": neither a source nor a sink");
  if (c->source) TENON_CHECK(check_struct(c->source, "tenon_source"));
  if (c->sink) TENON_CHECK(check_struct(c->sink, "tenon_sink"));
  const auto declared = std::find_if(manifest.connectors.begin(), manifest.connectors.end(),
                                     [&](const ConnectorManifest& m) { return m.name == name; });
  if (declared == manifest.connectors.end()) return mismatch("the manifest has no connector " + name);
  const std::string missing = missing_function(*c, *declared);
  if (!missing.empty()) return mismatch(name + ": " + missing + ", which is null");
  return name;
}

}  // namespace

Status check_abi(const char* what, std::uint32_t major, std::uint32_t minor) {
  if (major == TENON_ABI_MAJOR && minor == TENON_ABI_MINOR) return {};
  const auto version = [](std::uint32_t a, std::uint32_t b) {
    return std::to_string(a) + "." + std::to_string(b);
  };
  return mismatch(std::string(what) + " is of ABI " + version(major, minor) + ", this host speaks " +
                  version(TENON_ABI_MAJOR, TENON_ABI_MINOR) + "; rebuild the plugin with this host's SDK");
}

Result<ConnectorTables> check_table(const tenon_plugin* plugin, const Manifest& manifest) {
  if (!plugin) return mismatch("the entry returned null");
  // The versions stand at the head of every layout and come first: a wrong size of another version is no
  // wonder.
  if (plugin->size < offsetof(tenon_plugin, reserved)) return check_struct(plugin, "tenon_plugin").error();
  TENON_CHECK(check_abi("the library", plugin->abi_major, plugin->abi_minor));
  TENON_CHECK(check_struct(plugin, "tenon_plugin"));
  if (!plugin->connectors || plugin->connector_count == 0) return mismatch("no connectors");
  if (plugin->connector_count > kMostConnectors)
    return mismatch(std::to_string(plugin->connector_count) + " connectors, at most 64");
  ConnectorTables out;
  for (std::size_t i = 0; i < plugin->connector_count; ++i) {
    TENON_TRY(const std::string name, check_connector(plugin->connectors[i], manifest));
    if (!out.emplace(name, plugin->connectors[i]).second) return mismatch("two connectors called " + name);
  }
  for (const ConnectorManifest& declared : manifest.connectors)
    if (!out.contains(declared.name)) return mismatch("the library has no connector " + declared.name);
  return out;
}

Result<int> open_plugin_file(int directory, const std::string& name) {
  if (!is_plugin_name(name))
    return Error("plugin_unsafe", "a plugin's file name is up to 64 of a-z, 0-9, _ and -, then .so");
  const int descriptor = open_beneath(directory, name.c_str());
  if (descriptor < 0 && errno == ELOOP)
    return Error("plugin_unsafe", "is a symbolic link; put the file itself there");
  if (descriptor < 0) return Error("plugin_unreadable", std::strerror(errno));
  struct stat status {};
  const char* wrong = nullptr;
  if (fstat(descriptor, &status) != 0) {
    wrong = "cannot be examined";
  } else if (!S_ISREG(status.st_mode)) {
    wrong = "is not a regular file";
  } else {
    wrong = changeable(status);
  }
  if (!wrong) return descriptor;
  close(descriptor);
  return Error("plugin_unsafe", wrong);
}

Status check_plugin_directory(int directory) {
  struct stat status {};
  if (fstat(directory, &status) != 0) return Error("plugin_unsafe", "cannot be examined");
  if (const char* const wrong = changeable(status)) return Error("plugin_unsafe", wrong);
  return {};
}

Result<Sha256> plugin_digest(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return Error("plugin_unreadable", std::strerror(errno));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0 || size > kMostFile) return Error("plugin_unreadable", "is empty or larger than 1 GiB");
  void* const bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (bytes == MAP_FAILED) return Error("plugin_unreadable", std::strerror(errno));
  const Sha256 digest = sha256({static_cast<const char*>(bytes), size});
  munmap(bytes, size);
  return digest;
}

Result<ConnectorTables> load_library(int descriptor, const std::string& file, const Manifest& manifest) {
  // Through the descriptor, so that what is loaded is what was checked. It stays open: the loader knows
  // libraries by the path they were loaded from, and a reused number would name another file.
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  const runtime::Doing doing(manifest.name, "load");
  try {
    // Never unloaded: tables, code of open frames and static destructors stay valid until the process ends.
    auto* const library = new boost::dll::shared_library();
    static std::vector<std::unique_ptr<boost::dll::shared_library>>& loaded =
        *new std::vector<std::unique_ptr<boost::dll::shared_library>>();
    loaded.emplace_back(library);
    library->load(path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (!library->has(TENON_ENTRY_SYMBOL))
      return Error("plugin_load_failed", "the library exports no " TENON_ENTRY_SYMBOL);
    const auto entry =
        reinterpret_cast<tenon_entry>(&library->get<const tenon_plugin*()>(TENON_ENTRY_SYMBOL));
    return check_table(entry(), manifest);
  } catch (const std::exception& e) {
    std::string text = e.what();
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path))
      text.replace(at, path.size(), file);
    return Error("plugin_load_failed", text);
  } catch (...) {
    return Error("plugin_load_failed", "the library threw while it was loaded");
  }
}

}  // namespace tenon::plugin
