#include "app/host_flags.hpp"

#include <filesystem>
#include <iostream>

#include "app/cli/output.hpp"
#include "app/cli/table.hpp"
#include "base/json.hpp"

namespace tenon::app {
namespace {

using config::HostOption;
using config::HostSettings;
using Type = HostOption::Type;

Completes completes(const HostOption& option) {
  if (option.type == Type::folder) return Completes::directory;
  return option.type == Type::file || option.type == Type::paths ? Completes::file : Completes::nothing;
}

std::string from(const HostSettings::Setting& setting) {
  switch (setting.origin) {
    case HostSettings::Origin::preset:
      return "default";
    case HostSettings::Origin::flag:
      return "flag";
    case HostSettings::Origin::file:
      return setting.place.file + ":" + std::to_string(setting.place.line);
  }
  return "";
}

std::string settings_json(const HostSettings& settings) {
  std::string out = "{\"settings\":{";
  for (const HostOption& option : config::kHostOptions) {
    const auto& setting = settings.setting(option.key);
    if (out.back() != '{') out += ',';
    append_json_string(out, option.key);
    out += ":{\"value\":";
    if (is_list(option)) {
      out += '[';
      for (const std::string& value : setting.values) {
        if (out.back() != '[') out += ',';
        append_json_string(out, value);
      }
      out += ']';
    } else if (setting.values.empty()) {
      out += "null";
    } else if (option.type == Type::whole || option.type == Type::boolean) {
      out += setting.values.front();
    } else {
      append_json_string(out, setting.values.front());
    }
    const bool in_file = setting.origin == HostSettings::Origin::file;
    out += ",\"from\":" + json_string(in_file ? "file" : from(setting));
    if (in_file) {
      out += ",\"file\":" + json_string(setting.place.file);
      out += ",\"line\":" + std::to_string(setting.place.line);
    }
    out += '}';
  }
  return out + "}}";
}

}  // namespace

void HostFlags::declare(Command& command, std::string_view key) {
  const HostOption& option = *config::find_host_option(key);
  const auto [entry, fresh] = given_.try_emplace(std::string(key));
  if (!fresh) return;
  Given& given = entry->second;
  const std::string flag = key == "pipelines" ? std::string(key) : config::flag_of(option);
  const std::string help(option.help);
  const auto declared = [&]() -> Option {
    if (key == "pipelines") return command.argument(flag, given.values, help);
    if (option.type == Type::boolean) return command.flag(flag, given.on, help);
    if (is_list(option)) return command.option(flag, given.values, help).value(std::string(option.value));
    return command.option(flag, given.value, help).value(std::string(option.value));
  };
  Option made = declared();
  made.completes(completes(option));
  if (option.type == Type::word) {
    made.one_of(config::words_of(option));
  } else if (option.type != Type::boolean) {
    made.check([&option](const std::string& text) { return config::fault_of(option, text); });
  }
  const std::string_view shown = option.preset.empty() ? option.instead : option.preset;
  if (!shown.empty()) made.shows_default(std::string(shown));
  given.option.push_back(made);
}

int HostFlags::sift() {
  if (!sift_) return kExitOk;
  Given& given = given_.find(sifted_)->second;
  const int code = sift_(given.values);
  given.given = !given.values.empty();
  return code;
}

int HostFlags::prepare() {
  for (auto& [key, given] : given_) given.given = given.option.front().given();
  if (const int code = sift(); code != kExitOk) return code;
  file_ = config_;
  if (file_.empty() && std::filesystem::exists(config::kHostFileName)) file_ = config::kHostFileName;
  if (!file_.empty()) {
    config::HostFile read = config::load_host_file(file_);
    if (!read.ok() && faults_ == Faults::end) {
      std::cerr << config::render_text(read.diagnostics, output().err().color);
      return output().fail("", file_ + " has errors", kExitBadInput);
    }
    settings_ = std::move(read.settings);
    diagnostics_ = std::move(read.diagnostics);
    if (faults_ == Faults::end && !output().quiet())
      std::cerr << config::render_text(diagnostics_, output().err().color);
  }
  for (const auto& [key, given] : given_) {
    if (!given.given) continue;
    HostSettings::Setting setting;
    setting.origin = HostSettings::Origin::flag;
    const HostOption& option = *config::find_host_option(key);
    if (is_list(option)) {
      setting.values = given.values;
    } else {
      setting.values.push_back(option.type == Type::boolean ? (given.on ? "true" : "false") : given.value);
    }
    settings_.set(key, std::move(setting));
  }
  return kExitOk;
}

HostFlags& add_host_flags(Command& command, std::initializer_list<std::string_view> keys) {
  auto [flags, fresh] = command.keep_one<HostFlags>();
  for (const std::string_view key : keys) flags.declare(command, key);
  if (fresh) {
    command.option("--config", flags.config_, "Host file that holds what these options set")
        .value("FILE")
        .completes(Completes::file)
        .shows_default("tenon.yaml, if there is one");
    command.prepare([&flags = flags] { return flags.prepare(); });
  }
  return flags;
}

HostFlags& add_all_host_flags(Command& command) {
  HostFlags& flags = add_host_flags(command, {});
  for (const HostOption& option : config::kHostOptions) flags.declare(command, option.key);
  return flags;
}

std::string print_settings(const HostSettings& settings) {
  if (output().json()) return settings_json(settings) + "\n";
  Table table({{"SETTING"}, {"VALUE", 20}, {"FROM"}});
  for (const HostOption& option : config::kHostOptions) {
    const auto& setting = settings.setting(option.key);
    std::string value;
    for (const std::string& each : setting.values) value += (value.empty() ? "" : " ") + printable(each);
    if (value.empty()) value = option.instead;
    const bool preset = setting.origin == HostSettings::Origin::preset;
    table.add({std::string(option.key), value,
               Cell(printable(from(setting)), preset ? Style::faint : Style::plain)});
  }
  return table.render(output().out());
}

}  // namespace tenon::app
