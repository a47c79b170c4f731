#include "app/cli/command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "app/cli/help.hpp"
#include "app/cli/output.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const auto near = nearest(name, known);
  return near ? "; did you mean `" + *near + "`?" : "";
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "`" : ", `") + word + "`";
  return out;
}

std::string ticked(std::string_view text) { return "`" + printable(text) + "`"; }

/// `--limit` of `--limit=5`.
std::string flag_name(const std::string& word) { return word.substr(0, word.find('=')); }

std::vector<std::string> flags_of(const Command& command) {
  std::vector<std::string> names = {"--help"};
  if (command.parent() == nullptr) names.emplace_back("--version");
  for (const auto& option : command.options())
    if (!option->argument) names.push_back(option->long_name);
  return names;
}

/// Given twice, as by an alias and a person, the later holds.
CLI::Option* last_wins(CLI::Option* option) {
  return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

bool below_has(const Command& command, const std::string& flag) {
  return std::any_of(command.verbs().begin(), command.verbs().end(), [&](const auto& verb) {
    const auto names = flags_of(*verb);
    return std::find(names.begin(), names.end(), flag) != names.end() || below_has(*verb, flag);
  });
}

}  // namespace

Option& Option::value(const std::string& name) {
  info_->value = name;
  return *this;
}

Option& Option::required() {
  option_->required();
  info_->required = true;
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  info_->words = words;
  option_->check(CLI::Validator(
      [words](std::string& found) -> std::string {
        if (std::find(words.begin(), words.end(), found) != words.end()) return "";
        return "expected one of " + listed(words) + ", found " + ticked(found) + did_you_mean(found, words);
      },
      ""));
  return *this;
}

Option& Option::range(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Validator(
      [least, most](std::string& found) -> std::string {
        std::int64_t number = 0;
        const auto [end, failed] = std::from_chars(found.data(), found.data() + found.size(), number);
        const bool whole = failed == std::errc() && end == found.data() + found.size();
        if (whole && number >= least && number <= most) return "";
        return "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
               ", found " + ticked(found);
      },
      ""));
  return *this;
}

Option& Option::check(std::function<std::optional<std::string>(const std::string&)> fault) {
  option_->check(CLI::Validator(
      [fault = std::move(fault)](std::string& found) -> std::string {
        const auto wrong = fault(found);
        return wrong ? *wrong + (found.empty() ? "" : ", found " + ticked(found)) : "";
      },
      ""));
  return *this;
}

bool Option::given() const { return option_->count() > 0; }

Option& Option::completes(Completes what) {
  info_->completes = what;
  return *this;
}

Option& Option::shows_default(const std::string& text) {
  if (!text.empty()) {
    info_->default_value = text;
    return *this;
  }
  option_->capture_default_str();
  info_->default_value = option_->get_default_str();
  return *this;
}

Option& Option::common() {
  info_->common = true;
  return *this;
}

Command::~Command() = default;

Command& Command::verb(const std::string& name, const std::string& summary) {
  CLI::App* made = app_->add_subcommand(name, summary);
  app_->require_subcommand(1);
  verbs_.push_back(std::unique_ptr<Command>(new Command(made, this)));
  return *verbs_.back();
}

Command& Command::about(std::string text) {
  about_ = std::move(text);
  return *this;
}

Command& Command::example(std::string line, std::string what) {
  examples_.push_back({std::move(line), std::move(what)});
  return *this;
}

Option Command::declared(CLI::Option* option, const std::string& names, const std::string& help) {
  auto info = std::make_unique<OptionInfo>();
  const auto comma = names.find(',');
  info->long_name = comma == std::string::npos ? names : names.substr(comma + 1);
  if (comma != std::string::npos) info->short_name = names.substr(0, comma);
  info->argument = !names.starts_with('-');
  info->help = help;
  options_.push_back(std::move(info));
  return {option, options_.back().get()};
}

Option Command::flag(const std::string& names, bool& value, const std::string& help) {
  return declared(app_->add_flag(names, value, help), names, help);
}

Option Command::option(const std::string& names, std::string& value, const std::string& help) {
  return declared(last_wins(app_->add_option(names, value, help)), names, help).value("TEXT");
}

Option Command::option(const std::string& names, std::uint32_t& value, const std::string& help) {
  return declared(last_wins(app_->add_option(names, value, help)), names, help)
      .value("N")
      .range(0, UINT32_MAX);
}

Option Command::option(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  // One value an occurrence, so that an argument may follow.
  CLI::Option* option = app_->add_option(names, values, help)
                            ->allow_extra_args(false)
                            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  Option made = declared(option, names, help).value("TEXT");
  options_.back()->many = true;
  return made;
}

Option Command::argument(const std::string& name, std::string& value, const std::string& help) {
  return declared(app_->add_option(name, value, help), name, help);
}

Option Command::argument(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  Option made = declared(app_->add_option(name, values, help), name, help);
  options_.back()->many = true;
  return made;
}

Command& Command::json() {
  flag("--json", wants_json_, "Print one JSON document");
  return *this;
}

Command& Command::hidden() {
  hidden_ = true;
  app_->group("");
  return *this;
}

void Command::prepare(std::function<int()> action) { before_.push_back(std::move(action)); }

void Command::run(std::function<int()> action) { action_ = std::move(action); }

std::string Command::name() const { return app_->get_name(); }

std::string Command::path() const { return parent_ == nullptr ? name() : parent_->path() + " " + name(); }

std::string Command::summary() const { return app_->get_description(); }

const Command* Command::find(std::string_view verb) const {
  const auto found = std::find_if(verbs_.begin(), verbs_.end(),
                                  [&](const auto& command) { return command->name() == verb; });
  return found == verbs_.end() ? nullptr : found->get();
}

struct Program::Common {
  std::string color = "auto";
  bool quiet = false;
};

Program::Program(const std::string& name, const std::string& summary, const std::string& version)
    : app_(std::make_unique<CLI::App>(summary, name)),
      common_(std::make_unique<Common>()),
      version_(version) {
  app_->set_help_flag("-h,--help", "Print this help");  // inherited by all below
  app_->set_version_flag("--version", version);
  root_.reset(new Command(app_.get(), nullptr));
}

Program::~Program() = default;

/// To every command that runs, behind its own options.
void Program::add_common(Command& command) {
  if (command.runs() && !command.is_hidden()) {
    command.flag("-q,--quiet", common_->quiet, "Print results and errors only").common();
    command.option("--color", common_->color, "When to colour: auto, always or never")
        .value("WHEN")
        .one_of({"auto", "always", "never"})
        .shows_default()
        .common();
  }
  for (const auto& verb : command.verbs_) add_common(*verb);
}

/// The deepest command that was named.
Command& Program::chosen() {
  Command* at = root_.get();
  while (true) {
    const auto next = std::find_if(at->verbs_.begin(), at->verbs_.end(),
                                   [](const auto& verb) { return verb->app_->parsed(); });
    if (next == at->verbs_.end()) return *at;
    at = next->get();
  }
}

int Program::refuse(const Command& at, const std::string& message) {
  return output().fail("", message, kExitBadInput, "Run `" + at.path() + " --help` for its usage.");
}

/// What is wrong with the words behind the command `at`, in our own words where we know better.
int Program::explain(const Command& at, const std::string& parser_says) {
  const std::vector<std::string> left = at.app_->remaining(false);
  if (!left.empty() && left.front().starts_with('-') && left.front() != "--") {
    const std::string flag = flag_name(left.front());
    std::string hint = did_you_mean(flag, flags_of(at));
    if (hint.empty() && below_has(at, flag)) hint = "; it belongs behind a subcommand";
    return refuse(at, "unknown option " + ticked(flag) + hint);
  }
  if (!left.empty() && !at.verbs().empty()) {
    std::vector<std::string> names;
    for (const auto& verb : at.verbs())
      if (!verb->is_hidden()) names.push_back(verb->name());
    return refuse(at, "unknown command " + ticked(left.front()) + did_you_mean(left.front(), names));
  }
  if (!left.empty()) return refuse(at, "unexpected argument " + ticked(left.front()));
  if (!at.runs()) {
    std::cerr << render_help(at, output().err());
    return refuse(at, "a command is missing behind `" + at.path() + "`");
  }
  for (const auto& option : at.options()) {
    const CLI::Option* parsed = at.app_->get_option_no_throw(option->long_name);
    if (option->required && parsed != nullptr && parsed->count() == 0)
      return refuse(at, "`" + option->long_name + "` is missing: " + option->help);
  }
  return refuse(at, parser_says);
}

void Program::raw(const std::string& word,
                  std::function<std::string(const std::vector<std::string>&)> answer) {
  raw_.emplace(word, std::move(answer));
}

int Program::run(int argc, const char* const* argv) {
  add_common(*root_);
  if (const auto raw = argc > 1 ? raw_.find(argv[1]) : raw_.end(); raw != raw_.end()) {
    output().text(raw->second(std::vector<std::string>(argv + 2, argv + argc)));
    return kExitOk;
  }
  // `tenon help events` is `tenon events --help`.
  std::vector<const char*> words(argv, argv + argc);
  if (argc > 1 && words[1] == std::string_view("help")) {
    words.erase(words.begin() + 1);
    words.push_back("--help");
  }
  const bool json =
      std::any_of(argv, argv + argc, [](const char* word) { return word == std::string_view("--json"); });
  output().configure(ColorWish::automatic, json, false);  // for what is said of the arguments themselves
  try {
    app_->parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::CallForVersion&) {
    output().text(version_ + "\n");
    return kExitOk;
  } catch (const CLI::CallForHelp&) {
    output().text(render_help(chosen(), output().out()));
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    // Words that an outer command could not use stand before those of the inner one.
    const Command* at = &chosen();
    for (const Command* outer = at->parent(); outer != nullptr; outer = outer->parent()) {
      if (outer->app_->remaining_size(false) > 0) at = outer;
    }
    return explain(*at, error.what());
  }
  Command& command = chosen();
  const std::string& color = common_->color;
  output().configure(color == "always"  ? ColorWish::always
                     : color == "never" ? ColorWish::never
                                        : ColorWish::automatic,
                     command.wants_json_, common_->quiet);
  for (const auto& before : command.before_) {
    if (const int code = before(); code != kExitOk) return code;
  }
  return command.action_();
}

}  // namespace tenon::app
