// Command: one node of the command line's tree. Verbs declare their options here; the frame parses, helps,
// suggests and completes. Only command.cpp knows CLI11.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tenon::app {

/// What the word after an option, or an argument, may be; for the shells' completion.
enum class Completes : std::uint8_t {
  nothing,
  file,
  directory,
  pipeline,
  connector,
  plugin,
  event,
  dead_letter
};

/// What is known of one option, flag or argument.
struct OptionInfo {
  std::string long_name;           ///< `--limit`; of an argument: its name
  std::string short_name;          ///< `-q`, or empty
  std::string value;               ///< what stands for the value in help: `ADDRESS:PORT`; empty for a flag
  std::string help;                ///< a sentence part that begins with a capital
  std::string default_value;       ///< told in help if not empty
  std::vector<std::string> words;  ///< the values there are; empty: any
  Completes completes = Completes::nothing;
  bool argument = false;
  bool many = false;
  bool required = false;
  bool common = false;  ///< every verb has it
};

/// An option that was declared; to say more of it.
class Option {
 public:
  Option(CLI::Option* option, OptionInfo* info) : option_(option), info_(info) {}
  /// What stands for the value in help: `ADDRESS:PORT`.
  Option& value(const std::string& name);
  Option& required();
  /// Anything else is bad input. Completed too.
  Option& one_of(const std::vector<std::string>& words);
  Option& range(std::int64_t least, std::int64_t most);
  /// `fault` says what is wrong with a value that was given: bad input.
  Option& check(std::function<std::optional<std::string>(const std::string&)> fault);
  Option& completes(Completes what);
  /// Tells the default in help; without a text the value that the variable has now.
  Option& shows_default(const std::string& text = {});
  Option& common();
  /// After parsing: it was on the command line.
  bool given() const;

 private:
  CLI::Option* option_;
  OptionInfo* info_;
};

class Command {
 public:
  struct Example {
    std::string line;  ///< as it is pasted: `tenon check pipelines`
    std::string what;  ///< what it does, in a few words
  };

  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  /// A subcommand. `summary` is one line without a full stop. The reference lives as long as the tree.
  Command& verb(const std::string& name, const std::string& summary);
  /// Paragraphs that follow the summary in help.
  Command& about(std::string text);
  /// Every verb that runs has at least two; a test pastes them as they stand.
  Command& example(std::string line, std::string what);

  /// `names` as `--limit` or `-q,--quiet`. The variable lives as long as the tree: see keep().
  Option flag(const std::string& names, bool& value, const std::string& help);
  Option option(const std::string& names, std::string& value, const std::string& help);
  Option option(const std::string& names, std::uint32_t& value, const std::string& help);
  /// May be given several times.
  Option option(const std::string& names, std::vector<std::string>& values, const std::string& help);
  /// Positional.
  Option argument(const std::string& name, std::string& value, const std::string& help);
  Option argument(const std::string& name, std::vector<std::string>& values, const std::string& help);
  /// --json: output().json() is true then.
  Command& json();
  /// Not in help and completion.
  Command& hidden();

  /// An object that lives as long as the tree, for the options of a verb.
  template <class T>
  T& keep() {
    auto made = std::make_shared<T>();
    kept_.push_back(made);
    return *made;
  }

  /// The same, one of a type, and whether it was made by this call.
  template <class T>
  std::pair<T&, bool> keep_one() {
    const auto found = ones_.find(typeid(T));
    if (found != ones_.end()) return {*static_cast<T*>(found->second), false};
    T& made = keep<T>();
    ones_.emplace(typeid(T), &made);
    return {made, true};
  }

  /// Runs before the verb, in the order given; another code than kExitOk ends there.
  void prepare(std::function<int()> action);
  /// What the verb does; gives the process's exit code. A command without one wants a subcommand.
  void run(std::function<int()> action);

  std::string name() const;
  /// `tenon events list`.
  std::string path() const;
  std::string summary() const;
  const std::string& about_text() const { return about_; }
  const std::vector<Example>& examples() const { return examples_; }
  const std::vector<std::unique_ptr<OptionInfo>>& options() const { return options_; }
  const std::vector<std::unique_ptr<Command>>& verbs() const { return verbs_; }
  const Command* find(std::string_view verb) const;
  const Command* parent() const { return parent_; }
  bool runs() const { return static_cast<bool>(action_); }
  bool is_hidden() const { return hidden_; }

 private:
  friend class Program;
  Command(CLI::App* app, Command* parent) : app_(app), parent_(parent) {}
  Option declared(CLI::Option* option, const std::string& names, const std::string& help);

  CLI::App* app_;
  Command* parent_;
  std::string about_;
  std::vector<Example> examples_;
  std::vector<std::unique_ptr<OptionInfo>> options_;
  std::vector<std::unique_ptr<Command>> verbs_;
  std::vector<std::shared_ptr<void>> kept_;
  std::map<std::type_index, void*> ones_;
  std::vector<std::function<int()>> before_;
  std::function<int()> action_;
  bool wants_json_ = false;
  bool hidden_ = false;
};

/// The tree and its parsing.
class Program {
 public:
  Program(const std::string& name, const std::string& summary, const std::string& version);
  ~Program();
  Command& root() { return *root_; }
  /// A word that is no verb: behind it nothing is parsed; what `answer` gives goes to stdout.
  void raw(const std::string& word, std::function<std::string(const std::vector<std::string>&)> answer);
  /// Parses, configures output(), runs the verb. Gives the process's exit code. Once.
  int run(int argc, const char* const* argv);

 private:
  struct Common;
  void add_common(Command& command);
  Command& chosen();
  int refuse(const Command& at, const std::string& message);
  int explain(const Command& at, const std::string& parser_says);

  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Common> common_;
  std::unique_ptr<Command> root_;
  std::map<std::string, std::function<std::string(const std::vector<std::string>&)>> raw_;
  std::string version_;
};

}  // namespace tenon::app
