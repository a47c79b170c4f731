#include "config/loader.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "config/files.hpp"
#include "config/host_file.hpp"
#include "config/pipeline_reader.hpp"
#include "config/stand_ins.hpp"
#include "config/yaml.hpp"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

/// One file while all are read. The report borrows the source.
struct File {
  explicit File(Source from) : source(std::move(from)), report(source) {}

  Source source;
  Report report;
  PipelineFile read;
  bool connections_only = false;
};

Diagnostic of_path(const std::string& path, std::string code, std::string message) {
  Diagnostic made;
  made.position.file = path;
  made.code = std::move(code);
  made.message = std::move(message);
  return made;
}

bool is_pipeline_name(const fs::path& path) {
  return (path.extension() == ".yaml" || path.extension() == ".yml") && path.filename() != kHostFileName;
}

/// The files that `paths` stand for, each once; what is none goes to `out`.
std::vector<std::string> files_of(std::span<const std::string> paths, std::vector<Diagnostic>& out) {
  std::vector<std::string> files;
  std::set<fs::path> seen;
  const auto add = [&](const fs::path& path) {
    std::error_code failed;
    const fs::path canonical = fs::weakly_canonical(path, failed);
    if (seen.insert(failed ? path : canonical).second) files.push_back(path.string());
  };
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) {
      add(path);
      continue;
    }
    std::vector<fs::path> inside;
    for (fs::directory_iterator entry(path, failed), end; !failed && entry != end; entry.increment(failed)) {
      if (is_pipeline_name(entry->path())) inside.push_back(entry->path());
    }
    std::sort(inside.begin(), inside.end());
    if (failed) {
      out.push_back(of_path(path, "unreadable", "cannot be read: " + failed.message()));
    } else if (inside.empty()) {
      out.push_back(of_path(path, "no_files", "holds no *.yaml or *.yml file"));
    }
    for (const fs::path& file : inside) add(file);
  }
  return files;
}

std::string place_of(const Report& report, Span at) {
  return report.source().name() + ":" + std::to_string(report.source().position(at.offset).line);
}

/// What can only be told when all files are known.
class Merger {
 public:
  explicit Merger(Config& config) : config_(config) {}

  void add(File& file) {
    pipeline_name(file);
    for (auto& [name, connection] : file.read.connections) add_connection(name, connection);
    if (file.read.pipeline && !file.report.has_errors()) config_.pipelines.push_back(file.read.pipeline);
  }

 private:
  void pipeline_name(File& file) {
    if (file.read.name.empty()) return;
    const auto [first, fresh] = names_.emplace(file.read.name, &file);
    if (fresh) return;
    file.report.error(file.read.name_at, "duplicate_pipeline",
                      "name: another pipeline is called `" + file.read.name +
                          "`: " + place_of(first->second->report, first->second->read.name_at));
  }

  void add_connection(const std::string& name, const Connection& connection) {
    if (!connection.ok) return;
    const auto [first, fresh] = connections_.emplace(name, &connection);
    if (fresh) {
      config_.connections.emplace(name, connection.spec);
      return;
    }
    if (same_definition(config_.connections.at(name), connection.spec)) return;
    connection.report->error(connection.key, "connection_differs",
                             "connections." + name + ": defined with other settings at " +
                                 place_of(*first->second->report, first->second->key) +
                                 ": one name is one account");
  }

  Config& config_;
  std::map<std::string, File*> names_;
  std::map<std::string, const Connection*> connections_;
};

/// All files of one load, each read once; those of `use:` are found by their canonical path.
class Files {
 public:
  Files(const Environment& environment, const plugin::Registry& registry, LoadOptions options)
      : environment_(environment), registry_(registry), options_(options) {}

  void read(const std::string& name, std::string text) {
    if (by_path_.contains(canonical(name))) return;  // another file uses it
    File& file = add(name, std::move(text));
    const std::optional<Node> root = parse_yaml(file.report);
    if (!root) return;
    if (is_connections_file(*root)) return read_connections_of(file, *root);
    const auto use = [this](const std::string& path) { return this->use(path); };
    file.read = read_pipeline(*root, environment_of(*root), registry_, use, file.report);
  }

  std::vector<std::unique_ptr<File>>& all() { return all_; }

 private:
  static std::string canonical(const std::string& path) {
    std::error_code failed;
    const fs::path found = fs::weakly_canonical(path, failed);
    return failed ? path : found.string();
  }

  File& add(const std::string& name, std::string text) {
    all_.push_back(std::make_unique<File>(Source(name, std::move(text))));
    by_path_.emplace(canonical(name), all_.back().get());
    return *all_.back();
  }

  /// With stand-ins for what the file needs and nobody gives, if they are wanted. Lives as long as this.
  const Environment& environment_of(const Node& root) {
    if (!options_.stand_ins) return environment_;
    Environment& filled = filled_.emplace_back(environment_);
    filled.merge(stand_ins(root, registry_));
    return filled;
  }

  void read_connections_of(File& file, const Node& root) {
    file.connections_only = true;
    file.read.connections = read_connections_file(root, environment_of(root), registry_, file.report);
  }

  const Connections* use(const std::string& path) {
    const auto known = by_path_.find(canonical(path));
    if (known != by_path_.end() && known->second->connections_only) return &known->second->read.connections;
    if (known != by_path_.end()) {
      known->second->report.file_error("use_file",
                                       "`use` names this file, and it holds more than `connections`");
      return &known->second->read.connections;
    }
    auto text = read_definition(path);
    if (!text) return nullptr;
    File& file = add(path, std::move(*text));
    file.connections_only = true;
    if (const std::optional<Node> root = parse_yaml(file.report)) read_connections_of(file, *root);
    return &file.read.connections;
  }

  const Environment& environment_;
  const plugin::Registry& registry_;
  const LoadOptions options_;
  std::deque<Environment> filled_;
  std::vector<std::unique_ptr<File>> all_;
  std::map<std::string, File*> by_path_;
};

Loaded finish(std::vector<std::unique_ptr<File>>& files, std::vector<Diagnostic> before) {
  Loaded loaded;
  loaded.diagnostics = std::move(before);
  Merger merger(loaded.config);
  for (const auto& file : files) merger.add(*file);
  for (const auto& file : files) {
    for (Diagnostic& diagnostic : file->report.take()) loaded.diagnostics.push_back(std::move(diagnostic));
  }
  return loaded;
}

}  // namespace

bool Loaded::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == Diagnostic::Severity::error;
  });
}

Loaded load(std::span<const std::string> paths, const Environment& environment,
            const plugin::Registry& registry, LoadOptions options) {
  std::vector<Diagnostic> failures;
  Files files(environment, registry, options);
  const auto all = files_of(paths, failures);
  std::size_t done = 0;
  for (const std::string& path : all) {
    if (options.on_file) options.on_file(done++, all.size());
    auto text = read_definition(path);
    if (!text) {
      failures.push_back(of_path(path, "unreadable", "cannot be read"));
      continue;
    }
    files.read(path, std::move(*text));
  }
  if (files.all().empty() && failures.empty())
    failures.push_back(of_path("pipelines", "no_files", "no pipeline was given"));
  return finish(files.all(), std::move(failures));
}

std::vector<Loaded> load_each(std::span<const std::string> paths, const Environment& environment,
                              const plugin::Registry& registry, LoadOptions options) {
  std::vector<Loaded> all;
  Loaded failed;
  const auto on_file = std::exchange(options.on_file, {});
  const auto files = files_of(paths, failed.diagnostics);
  for (const std::string& file : files) {
    if (on_file) on_file(all.size(), files.size());
    all.push_back(load(std::span(&file, 1), environment, registry, options));
  }
  if (!failed.diagnostics.empty()) all.push_back(std::move(failed));
  return all;
}

Loaded load_text(const std::string& name, const std::string& text, const Environment& environment,
                 const plugin::Registry& registry, LoadOptions options) {
  Files files(environment, registry, options);
  files.read(name, text);
  return finish(files.all(), {});
}

}  // namespace tenon::config
