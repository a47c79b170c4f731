#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#include "plugin/library.hpp"
#include "plugin/manifest_file.hpp"
#include "plugin/table_instance.hpp"

namespace tenon::plugin {
namespace {

/// A file descriptor that is closed unless released.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// One plugin file: its manifest, and its tables once it was loaded.
struct Plugin {
  Plugin(std::string path, Descriptor descriptor, Manifest declared)
      : file(std::move(path)), opened(std::move(descriptor)), manifest(std::move(declared)) {}
  std::string file;
  Descriptor opened;  ///< kept from the check to the load: the file that was checked is the one that runs
  Manifest manifest;
  std::optional<Result<ConnectorTables>> loaded;
};

Error in_file(const std::string& file, const Error& error) {
  return {error.code, file + ": " + error.message};
}

class DirectoryRegistry final : public Registry {
 public:
  Status read(const std::string& directory, const Pins& pins) {
    const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number() < 0) return Error("plugin_dir_unreadable", directory + ": " + std::strerror(errno));
    if (const Status safe = check_plugin_directory(opened.number()); !safe)
      return in_file(directory, safe.error());
    pins_ = pins;
    TENON_TRY(auto names, names_in(directory, opened.number()));
    for (const auto& [stem, digest] : pins)
      if (std::find(names.begin(), names.end(), stem + ".so") == names.end())
        return Error("plugin_pin_missing", directory + "/" + stem + ".so: is pinned and is not there");
    std::stable_partition(names.begin(), names.end(),
                          [&](const std::string& name) { return pin_of(name) != nullptr; });
    for (const std::string& name : names) {
      const std::string file = directory + "/" + name;
      if (Status added = add(opened.number(), name, file); !added)
        refused_.push_back(in_file(file, added.error()));
    }
    return {};
  }

  const ConnectorManifest* find(std::string_view connector) const override {
    const auto found = connectors_.find(connector);
    return found == connectors_.end() ? nullptr : found->second.manifest;
  }
  std::vector<std::string> connectors() const override {
    std::vector<std::string> out;
    for (const auto& [name, entry] : connectors_) out.push_back(name);
    return out;
  }
  std::vector<PluginFile> plugins() const override {
    std::vector<PluginFile> all;
    for (const auto& plugin : plugins_) all.push_back({plugin->file, &plugin->manifest});
    return all;
  }
  const std::vector<Error>& refused() const override { return refused_; }

  Result<std::unique_ptr<Instance>> make_instance(const ConnectionSpec& connection,
                                                  const InstanceHost& host) override {
    const auto found = connectors_.find(connection.connector);
    if (found == connectors_.end())
      return Error("plugin_load_failed", "no plugin has a connector called " + connection.connector);
    TENON_TRY(const tenon_connector* table, load(*found->second.plugin, connection.connector));
    return TableInstance::make(
        std::make_shared<const GuestSetup>(connection, *found->second.manifest, *table, host));
  }

 private:
  struct Entry {
    Plugin* plugin;
    const ConnectorManifest* manifest;
  };

  /// Sorted, so that what wins does not depend on the file system.
  static Result<std::vector<std::string>> names_in(const std::string& directory, int descriptor) {
    DIR* const stream = fdopendir(dup(descriptor));
    if (!stream) return Error("plugin_dir_unreadable", directory + ": " + std::strerror(errno));
    std::vector<std::string> names;
    while (const dirent* const entry = readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name.ends_with(".so")) names.emplace_back(name);
    }
    closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
  }

  const Sha256* pin_of(std::string_view file) const {
    const auto found = pins_.find(file.substr(0, file.size() - 3));
    return found == pins_.end() ? nullptr : &found->second;
  }

  Status add(int directory, const std::string& name, const std::string& file) {
    TENON_TRY(const int number, open_plugin_file(directory, name));
    Descriptor descriptor(number);
    if (const Sha256* const pin = pin_of(name)) {
      TENON_TRY(const Sha256 digest, plugin_digest(number));
      if (digest != *pin)
        return Error("plugin_pin_mismatch", "is sha256:" + to_hex(bytes_of(digest)) +
                                                ", pinned is sha256:" + to_hex(bytes_of(*pin)));
    }
    TENON_TRY(const std::string text, manifest_section(number));
    TENON_TRY(Manifest manifest, parse_manifest(text));
    TENON_CHECK(check_abi("the manifest", manifest.abi_major, manifest.abi_minor));
    for (const ConnectorManifest& c : manifest.connectors)
      if (const auto other = connectors_.find(c.name); other != connectors_.end())
        return Error("invalid_manifest",
                     "connector " + c.name + " is in " + other->second.plugin->file + " already");
    TENON_CHECK(check_loadable(number));
    auto plugin = std::make_unique<Plugin>(file, std::move(descriptor), std::move(manifest));
    for (const ConnectorManifest& c : plugin->manifest.connectors) connectors_[c.name] = {plugin.get(), &c};
    plugins_.push_back(std::move(plugin));
    return {};
  }

  /// Once per plugin, from whatever thread needs it first; a failure stands.
  Result<const tenon_connector*> load(Plugin& plugin, const std::string& connector) {
    const std::lock_guard lock(mutex_);
    if (!plugin.loaded) plugin.loaded = load_library(plugin.opened.release(), plugin.file, plugin.manifest);
    if (!*plugin.loaded) return in_file(plugin.file, plugin.loaded->error());
    return (**plugin.loaded).at(connector);
  }

  std::vector<std::unique_ptr<Plugin>> plugins_;
  std::map<std::string, Entry, std::less<>> connectors_;
  std::vector<Error> refused_;
  Pins pins_;
  std::mutex mutex_;
};

}  // namespace

Result<Sha256> parse_pin(std::string_view text) {
  Sha256 digest;
  const auto bytes = text.starts_with("sha256:") ? from_hex(text.substr(7)) : std::nullopt;
  if (!bytes || bytes->size() != digest.size())
    return Error("plugin_pin_invalid",
                 "expected sha256: and 64 hexadecimal digits, as sha256sum prints them");
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

Result<std::unique_ptr<Registry>> open_registry(const std::string& directory, const Pins& pins) {
  auto registry = std::make_unique<DirectoryRegistry>();
  TENON_CHECK(registry->read(directory, pins));
  return std::unique_ptr<Registry>(std::move(registry));
}

}  // namespace tenon::plugin
