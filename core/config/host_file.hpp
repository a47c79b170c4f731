// HostSettings: what the host options are set to, and by what. load_host_file: tenon.yaml to settings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/host_options.hpp"

namespace tenon::config {

/// The name that is looked for in the working directory, and that no folder of pipelines is searched for.
inline constexpr std::string_view kHostFileName = "tenon.yaml";

/// Asking for a key that is not in the table, or for another type than it has, is a programming error.
class HostSettings {
 public:
  enum class Origin : std::uint8_t { preset, file, flag };
  struct Setting {
    std::vector<std::string> values;  ///< of all but lists: one, or none if it is not set
    Origin origin = Origin::preset;
    Position place;  ///< file
  };

  /// All of the table at their defaults.
  HostSettings();

  /// Empty if it is not set.
  const std::string& text(std::string_view key) const;
  const std::vector<std::string>& list(std::string_view key) const;
  bool is_on(std::string_view key) const;
  std::int64_t whole(std::string_view key) const;
  /// Milliseconds.
  std::int64_t duration(std::string_view key) const;
  /// By a flag, the file or a default.
  bool is_set(std::string_view key) const { return !list(key).empty(); }

  const Setting& setting(std::string_view key) const;
  void set(std::string_view key, Setting setting);

 private:
  std::map<std::string, Setting, std::less<>> all_;
};

struct HostFile {
  HostSettings settings;                ///< whole only if ok()
  std::vector<Diagnostic> diagnostics;  ///< by line and column

  bool ok() const;
};

/// Reads the file of that name; never throws. Unknown keys, wrong types and values are told all at once, with
/// their places. Paths in it are relative to its folder.
HostFile load_host_file(const std::string& path);

/// The same for a text in memory; `name` stands for the path.
HostFile load_host_text(const std::string& name, const std::string& text);

}  // namespace tenon::config
