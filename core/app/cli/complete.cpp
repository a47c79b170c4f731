#include "app/cli/complete.hpp"

#include <algorithm>

namespace tenon::app {
namespace {

constexpr std::string_view kBash = R"SH(# bash completion for tenon: source <(tenon completion bash)
_tenon() {
  local line kind=':none' current="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :*) kind=$line ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ $current == = ]]; then current=; fi
  case "$kind" in
    :file) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current") ;;
    :directory) while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
    *) return ;;
  esac
  compopt -o filenames 2>/dev/null
}
complete -F _tenon tenon
)SH";

constexpr std::string_view kZsh = R"SH(#compdef tenon
# zsh completion for tenon: source <(tenon completion zsh), after compinit; or this text as _tenon in $fpath
_tenon() {
  local -a candidates
  local line kind=':none'
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :*) kind=$line ;;
      *) candidates+=("${${line//:/\\:}/$'\t'/:}") ;;
    esac
  done
  (( ${#candidates} )) && _describe tenon candidates
  case $kind in
    :file) _files ;;
    :directory) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _tenon ]]; then _tenon; else compdef _tenon tenon; fi
)SH";

constexpr std::string_view kFish = R"SH(# fish completion for tenon: tenon completion fish | source
function __tenon_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    test (count $current) -eq 0; and set current ''
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':none'
            case ':file'
                __fish_complete_path "$current"
            case ':directory'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c tenon -f -a '(__tenon_complete)'
)SH";

/// Where the words have led.
struct Place {
  const Command* command;
  const OptionInfo* wants_value = nullptr;
  std::size_t arguments = 0;
};

const OptionInfo* find_option(const Command& command, std::string_view flag) {
  for (const auto& option : command.options()) {
    if (!option->argument && (option->long_name == flag || option->short_name == flag)) return option.get();
  }
  return nullptr;
}

Place follow(const Command& root, const std::vector<std::string>& words) {
  Place at{&root};
  for (const std::string& word : words) {
    if (at.wants_value != nullptr) {
      if (word != "=") at.wants_value = nullptr;  // bash takes --color=auto apart
      continue;
    }
    if (word.starts_with('-')) {
      const OptionInfo* option = find_option(*at.command, word);
      if (option != nullptr && !option->value.empty()) at.wants_value = option;
    } else if (const Command* verb = at.command->find(word); verb != nullptr) {
      at.command = verb;
    } else {
      ++at.arguments;
    }
  }
  return at;
}

const OptionInfo* argument(const Command& command, std::size_t index) {
  const OptionInfo* last = nullptr;
  for (const auto& option : command.options()) {
    if (!option->argument) continue;
    if (index == 0 || option->many) return option.get();
    --index;
    last = nullptr;
  }
  return last;
}

bool is_plain(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./@+=").find(c) != std::string_view::npos;
  });
}

/// The answer while it is gathered.
class Answer {
 public:
  explicit Answer(std::string current) : current_(std::move(current)) {}

  /// Behind `--flag=` as one word: candidates carry it.
  void put_before(const std::string& prefix) {
    prefix_ = prefix;
    current_ = current_.substr(prefix.size());
  }
  void add(const std::string& word, const std::string& what) {
    if (!is_plain(word) || !word.starts_with(current_)) return;
    std::string plain = printable(what);
    out_ += prefix_ + word + "\t" + cut(plain, 60) + "\n";
  }
  void kind(const std::string& kind) { kind_ = kind; }
  std::string take() const { return out_ + kind_ + "\n"; }

 private:
  std::string current_;
  std::string prefix_;
  std::string out_;
  std::string kind_ = ":none";
};

void add_values(Answer& answer, const OptionInfo& option, const TypedWords& typed, const Values& values) {
  for (const std::string& word : option.words) answer.add(word, "");
  switch (option.completes) {
    case Completes::nothing:
      return;
    case Completes::file:
      return answer.kind(":file");
    case Completes::directory:
      return answer.kind(":directory");
    case Completes::pipeline:
    case Completes::connector:
    case Completes::plugin:
    case Completes::event:
    case Completes::dead_letter:
      for (const Candidate& each : values(option.completes, typed)) answer.add(each.word, each.what);
  }
}

void add_flags(Answer& answer, const Command& command, const std::vector<std::string>& typed) {
  for (const auto& option : command.options()) {
    const bool there = std::find(typed.begin(), typed.end(), option->long_name) != typed.end();
    if (!option->argument && (option->many || !there)) answer.add(option->long_name, option->help);
  }
  answer.add("--help", "Print this help");
  if (command.parent() == nullptr) answer.add("--version", "Print the version");
}

}  // namespace

std::string TypedWords::value_of(std::string_view flag) const {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with(flag) && word.size() > flag.size() && word[flag.size()] == '=')
      return word.substr(flag.size() + 1);
    if (word != flag || i + 1 == words.size()) continue;
    if (words[i + 1] != "=") return words[i + 1];
    return i + 2 < words.size() ? words[i + 2] : "";
  }
  return "";
}

std::string complete(const Command& root, const std::vector<std::string>& words, const Values& values) {
  TypedWords typed{words};
  std::string current = words.empty() ? "" : words.back();
  if (!typed.words.empty()) typed.words.pop_back();
  const Place at = follow(root, typed.words);
  if (current == "=") current.clear();
  Answer answer(current);
  if (at.wants_value != nullptr) {
    add_values(answer, *at.wants_value, typed, values);
  } else if (const auto equals = current.find('='); current.starts_with('-') && equals != std::string::npos) {
    answer.put_before(current.substr(0, equals + 1));
    if (const OptionInfo* option = find_option(*at.command, std::string_view(current).substr(0, equals)))
      add_values(answer, *option, typed, values);
  } else if (current.starts_with('-')) {
    add_flags(answer, *at.command, typed.words);
  } else if (!at.command->verbs().empty()) {
    for (const auto& verb : at.command->verbs()) {
      if (at.arguments == 0 && !verb->is_hidden()) answer.add(verb->name(), verb->summary());
    }
  } else if (const OptionInfo* option = argument(*at.command, at.arguments)) {
    add_values(answer, *option, typed, values);
  }
  return answer.take();
}

std::string_view completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : std::string_view();
}

}  // namespace tenon::app
