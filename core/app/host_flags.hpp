// Host options on the command line: flags made from the table, over tenon.yaml, over the defaults.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli/command.hpp"
#include "config/host_file.hpp"

namespace tenon::app {

/// Of one command. The settings hold once the command runs.
class HostFlags {
 public:
  enum class Faults : std::uint8_t { end, keep };

  /// Declares the flags that are not yet there; `pipelines` becomes the command's arguments.
  void declare(Command& command, std::string_view key);
  /// What to do if tenon.yaml has errors: tell them and end with bad input (the default), or run all the
  /// same.
  void on_faults(Faults faults) { faults_ = faults; }
  /// Looks at what the command line gives of a list before it counts, and may change it: empty is as not
  /// given. Another code than kExitOk ends there.
  void sift(std::string_view key, std::function<int(std::vector<std::string>&)> look) {
    sifted_ = key;
    sift_ = std::move(look);
  }

  const config::HostSettings& settings() const { return settings_; }
  /// Empty if none was read.
  const std::string& file() const { return file_; }
  const std::vector<config::Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  friend HostFlags& add_host_flags(Command& command, std::initializer_list<std::string_view> keys);
  int prepare();

  struct Given {
    std::vector<std::string> values;
    std::string value;
    bool on = false;
    bool given = false;          ///< on the command line
    std::vector<Option> option;  ///< one
  };
  int sift();

  std::string config_;
  std::map<std::string, Given, std::less<>> given_;
  config::HostSettings settings_;
  std::vector<config::Diagnostic> diagnostics_;
  std::string file_;
  Faults faults_ = Faults::end;
  std::string sifted_;
  std::function<int(std::vector<std::string>&)> sift_;
};

/// Those of the table with these keys, and --config. May be called several times for one command.
HostFlags& add_host_flags(Command& command, std::initializer_list<std::string_view> keys);

/// All of the table.
HostFlags& add_all_host_flags(Command& command);

/// What each setting is and where it came from: a table, or with --json {"settings":{key:{"value","from",
/// "file","line"}}}.
std::string print_settings(const config::HostSettings& settings);

}  // namespace tenon::app
