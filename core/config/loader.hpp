// load: pipeline files to a checked Config, with everything that is wrong with them.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/environment.hpp"
#include "config/pipeline.hpp"
#include "plugin/instance.hpp"

namespace tenon::config {

struct Loaded {
  Config config;                        ///< whole only if ok()
  std::vector<Diagnostic> diagnostics;  ///< by file, line and column; warnings too

  bool ok() const;
};

struct LoadOptions {
  /// Variables without a value get stand-ins that fit; for tests, which need no environment.
  bool stand_ins = false;
  /// Told before each file: how many were read, of how many.
  std::function<void(std::size_t done, std::size_t total)> on_file = {};
};

/// Reads `paths`: files, or folders whose `*.yaml` and `*.yml` are taken in the order of their names, but
/// for tenon.yaml. Never throws, whatever the files hold; writes nothing, loads no plugin. `registry` is
/// asked for manifests only.
Loaded load(std::span<const std::string> paths, const Environment& environment,
            const plugin::Registry& registry, LoadOptions options = {});

/// Each file by itself: what others say of the same names does not matter. In the order of `paths`.
std::vector<Loaded> load_each(std::span<const std::string> paths, const Environment& environment,
                              const plugin::Registry& registry, LoadOptions options = {});

/// The same for one text that is in memory; `name` stands for the file in messages.
Loaded load_text(const std::string& name, const std::string& text, const Environment& environment,
                 const plugin::Registry& registry, LoadOptions options = {});

}  // namespace tenon::config
