#include "config/host_file.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>

#include "config/fields.hpp"
#include "config/files.hpp"
#include "config/scalar.hpp"
#include "config/yaml.hpp"

namespace tenon::config {
namespace {

using Type = HostOption::Type;

KeySet known_keys() {
  KeySet keys;
  keys.known.emplace_back("tenon");
  for (const HostOption& option : kHostOptions) keys.known.emplace_back(option.key);
  return keys;
}

class HostFileReader {
 public:
  HostFileReader(const Node& root, Report& report, HostSettings& settings)
      : root_(root), report_(report), settings_(settings) {}

  void read() {
    Fields top(report_, root_, "", known_keys());
    if (!top.ok()) return;
    const Node* version = top.need("tenon", "the version of the language, `tenon: 1`");
    if (version != nullptr && (!version->is_text() || version->is_quoted() || version->text != "1")) {
      top.error(version->at, "wrong_version", "tenon",
                "this tenon speaks version 1 of the language: expected `tenon: 1`");
    }
    for (const HostOption& option : kHostOptions) {
      const std::string key(option.key);
      const Node* node = top.get(key);
      if (node == nullptr) continue;
      HostSettings::Setting setting;
      setting.origin = HostSettings::Origin::file;
      setting.place = report_.source().position(top.key_span(key).offset);
      setting.values = values(option, top, *node);
      settings_.set(key, std::move(setting));
    }
  }

 private:
  std::vector<std::string> values(const HostOption& option, Fields& top, const Node& node) {
    const std::string key(option.key);
    if (is_list(option) && node.is_list()) {
      std::vector<std::string> all;
      for (std::size_t i = 0; i < node.items.size(); ++i) add(option, node.items[i], join(key, i), all);
      if (all.empty() && node.items.empty())
        report_.error(node.at, "no_value", key + ": the list is empty: leave the key out");
      return all;
    }
    std::vector<std::string> one;
    if (option.type == Type::boolean) {
      if (const auto value = top.boolean(key)) one.emplace_back(*value ? "true" : "false");
    } else if (option.type == Type::whole) {
      if (const auto value = top.integer(key, option.least, option.most))
        one.push_back(std::to_string(*value));
    } else if (option.type == Type::duration) {
      if (top.duration(key)) one.push_back(node.text);
    } else {
      add(option, node, key, one);
    }
    return one;
  }

  void add(const HostOption& option, const Node& node, const std::string& path,
           std::vector<std::string>& out) {
    const auto text = text_of(report_, node, path);
    if (!text) return;
    if (const auto fault = fault_of(option, *text)) {
      report_.error(node.at, "bad_value", path + ": " + *fault);
      return;
    }
    out.push_back(located(option, *text));
  }

  /// Paths are meant from the folder of the file.
  std::string located(const HostOption& option, const std::string& text) const {
    const bool is_path =
        option.type == Type::file || option.type == Type::folder || option.type == Type::paths;
    const auto folder = std::filesystem::path(report_.source().name()).parent_path();
    if (!is_path || folder.empty() || std::filesystem::path(text).is_absolute()) return text;
    return (folder / text).string();
  }

  const Node& root_;
  Report& report_;
  HostSettings& settings_;
};

}  // namespace

HostSettings::HostSettings() {
  for (const HostOption& option : kHostOptions) {
    Setting setting;
    if (!option.preset.empty()) setting.values.emplace_back(option.preset);
    all_.emplace(option.key, std::move(setting));
  }
}

const HostSettings::Setting& HostSettings::setting(std::string_view key) const {
  const auto found = all_.find(key);
  if (found == all_.end()) throw std::logic_error("no such host option: " + std::string(key));
  return found->second;
}

void HostSettings::set(std::string_view key, Setting setting) {
  all_.at(std::string(key)) = std::move(setting);
}

const std::vector<std::string>& HostSettings::list(std::string_view key) const { return setting(key).values; }

const std::string& HostSettings::text(std::string_view key) const {
  static const std::string none;
  const auto& values = list(key);
  return values.empty() ? none : values.front();
}

bool HostSettings::is_on(std::string_view key) const { return text(key) == "true"; }

std::int64_t HostSettings::whole(std::string_view key) const {
  std::int64_t number = 0;
  const std::string& found = text(key);
  std::from_chars(found.data(), found.data() + found.size(), number);
  return number;
}

std::int64_t HostSettings::duration(std::string_view key) const {
  return parse_duration(text(key)).value_or(0);
}

bool HostFile::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& each) { return each.severity == Diagnostic::Severity::error; });
}

HostFile load_host_text(const std::string& name, const std::string& text) {
  HostFile file;
  const Source source(name, text);
  Report report(source);
  const std::optional<Node> root = parse_yaml(report);
  if (root) HostFileReader(*root, report, file.settings).read();
  file.diagnostics = report.take();
  return file;
}

HostFile load_host_file(const std::string& path) {
  const auto text = read_definition(path);
  if (text) return load_host_text(path, *text);
  HostFile file;
  Diagnostic unreadable;
  unreadable.position.file = path;
  unreadable.code = "unreadable";
  unreadable.message = "cannot be read";
  file.diagnostics.push_back(std::move(unreadable));
  return file;
}

}  // namespace tenon::config
