#include "app/check_fix.hpp"

#include <filesystem>
#include <fstream>
#include <set>

#include "app/cli/output.hpp"
#include "config/fix.hpp"
#include "runtime/files.hpp"

namespace tenon::app {
namespace {

namespace fs = std::filesystem;
/// Readers see the old file or the new; its mode stays, and a link to it too.
Status replace_file(const std::string& path, const std::string& text) {
  std::error_code failed;
  const fs::path target = fs::canonical(path, failed);
  const fs::path fresh = target.string() + ".tenon-fix";
  if (!failed) {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (file.fail()) failed = std::make_error_code(std::errc::io_error);
  }
  if (!failed) fs::permissions(fresh, fs::status(target).permissions(), failed);
  if (!failed) fs::rename(fresh, target, failed);
  if (!failed) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return Error("file_failed", path + " cannot be written: " + failed.message());
}

}  // namespace

Status fix_files(const DefinitionSources& sources, bool dry_run) {
  TENON_TRY(const auto registry, open_plugins(sources.plugin_dir, sources.pins));
  TENON_TRY(const config::Environment environment, read_environment(sources.env_file));
  std::set<std::string> paths;
  for (const config::Diagnostic& each : config::load(sources.pipelines, environment, *registry).diagnostics)
    paths.insert(each.position.file);
  for (const std::string& path : paths) {
    const auto text = runtime::read_file(path);
    if (!text) continue;  // told by the check that follows
    const config::Mended made = config::mend(path, *text, environment, *registry);
    if (made.text == *text) continue;
    if (!output().json())
      output().text("--- " + printable(path) + "\n+++ " + printable(path) + "\n" + made.diff);
    if (dry_run) continue;
    TENON_CHECK(replace_file(path, made.text));
  }
  return {};
}

}  // namespace tenon::app
