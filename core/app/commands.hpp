// The subcommands of the binary. Each returns the process's exit code: 0, 1 failure, 2 bad input.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::app {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitBadInput = 2;

struct RunOptions {
  std::string listen = "127.0.0.1:8080";
  std::string admin;  ///< empty: no TCP admin listener
  std::string data = "data";
  std::string plugin_dir;
  std::string env_file;
  std::vector<std::string> pipelines;
};

struct CheckOptions {
  std::string plugin_dir;
  std::string env_file;
  bool json = false;
  std::vector<std::string> pipelines;
};

/// `tenon events` and `tenon dead`.
struct EventsOptions {
  std::string data = "data";
  bool dead = false;
  bool json = false;
  std::string pipeline, state, key;
  std::uint32_t limit = 50;
  std::string id;  ///< show
};

int run(const RunOptions& options);
int check(const CheckOptions& options);
int list_events(const EventsOptions& options);
int show_event(const EventsOptions& options);

/// `wanted`, or else the plugins that belong to this binary: ../lib/tenon beside its folder.
std::string plugin_directory(const std::string& wanted);

}  // namespace tenon::app
