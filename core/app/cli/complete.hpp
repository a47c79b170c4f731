// Completion: what may follow the words of a command line, and the scripts that ask it from the shells.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/command.hpp"
#include "app/cli/terminal.hpp"

namespace tenon::app {

struct Candidate {
  std::string word;
  std::string what;  ///< a few words on it
};

/// What has been typed before the word to complete.
struct TypedWords {
  std::vector<std::string> words;
  /// The value of that option among them; empty if it is not there.
  std::string value_of(std::string_view flag) const;
};

/// Gives the values of a kind that only the world knows: pipelines, connectors, events.
using Values = std::function<std::vector<Candidate>(Completes, const TypedWords&)>;

/// `words` is what stands behind `tenon`, the last one to be completed, maybe empty. Lines `word TAB what`,
/// and then one of `:none`, `:file`, `:directory`: what the shell may add of its own. Only candidates of
/// plain characters are told, so that no shell finds anything to expand in them.
std::string complete(const Command& root, const std::vector<std::string>& words, const Values& values);

/// The script for `bash`, `zsh` or `fish`; empty for another shell.
std::string_view completion_script(std::string_view shell);

}  // namespace tenon::app
