#include "app/eval_prompt.hpp"

#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string_view>

#include "app/cli/terminal.hpp"

namespace tenon::app {
namespace {

constexpr int kMostHistory = 1000;

/// Where lines are kept; empty if nowhere.
std::string history_file() {
  namespace fs = std::filesystem;
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder;
  if (state != nullptr && *state == '/') {
    folder = state;
  } else if (home != nullptr && *home == '/') {
    folder = fs::path(home) / ".local" / "state";
  } else {
    return {};
  }
  std::error_code failed;
  fs::create_directories(folder / "tenon", failed);
  return failed ? std::string() : (folder / "tenon" / "eval_history").string();
}

std::string common_start(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words) {
    const auto [at, other] = std::mismatch(common.begin(), common.end(), word.begin(), word.end());
    common.erase(at, common.end());
  }
  // Not half a character.
  while (!common.empty() && common.size() < words.front().size() &&
         (static_cast<unsigned char>(words.front()[common.size()]) & 0xc0U) == 0x80U)
    common.pop_back();
  return common;
}

/// libedit (https://www.thrysoee.dk/editline/), by its own interface.
class Prompt final : public LineReader {
 public:
  explicit Prompt(Completer complete) : complete_(std::move(complete)) {
    // Characters, not bytes, are what the cursor moves over.
    if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
    edit_ = el_init("tenon", stdin, stdout, stderr);
    history_ = history_init();
    file_ = history_file();
    HistEvent event;
    history(history_, &event, H_SETSIZE, kMostHistory);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!file_.empty()) history(history_, &event, H_LOAD, file_.c_str());
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT, &Prompt::mark);
    el_set(edit_, EL_SIGNAL, 1);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_ADDFN, "tenon-complete", "Completes paths and functions", &Prompt::tab);
    el_set(edit_, EL_BIND, "^I", "tenon-complete", nullptr);
    el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  }
  ~Prompt() override {
    HistEvent event;
    if (!file_.empty()) history(history_, &event, H_SAVE, file_.c_str());
    history_end(history_);
    el_end(edit_);
  }
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  std::optional<std::string> read() override {
    std::cout.flush();
    int size = 0;
    const char* text = el_gets(edit_, &size);
    if (text == nullptr || size <= 0) {
      std::cout << std::endl;
      return std::nullopt;
    }
    std::string line(text, static_cast<std::size_t>(size));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(' ') != std::string::npos) {
      HistEvent event;
      history(history_, &event, H_ENTER, line.c_str());
    }
    return line;
  }

 private:
  static char* mark(EditLine*) {
    static char text[] = "> ";
    return text;
  }

  static unsigned char tab(EditLine* edit, int) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return static_cast<Prompt*>(self)->completed();
  }

  unsigned char completed() {
    const LineInfo* line = el_line(edit_);
    const std::string before(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
    const trial::Completion found = complete_(before);
    if (found.words.empty()) return CC_ERROR;
    const std::string word = before.substr(std::min(found.from, before.size()));
    const std::string common = common_start(found.words);
    if (common != word && common.size() >= word.size()) {
      el_deletestr(edit_, static_cast<int>(characters(word)));
      el_insertstr(edit_, common.c_str());
      return CC_REFRESH;
    }
    if (found.words.size() == 1) return CC_ERROR;
    show(found.words);
    return CC_REDISPLAY;
  }

  static std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
  }

  static void show(const std::vector<std::string>& words) {
    constexpr std::size_t kMost = 100;
    std::cout << "\n";
    for (std::size_t i = 0; i < std::min(words.size(), kMost); ++i) std::cout << printable(words[i]) << "  ";
    if (words.size() > kMost) std::cout << "and " << words.size() - kMost << " more";
    std::cout << "\n";
    std::cout.flush();
  }

  Completer complete_;
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
  std::string file_;
};

class PlainReader final : public LineReader {
 public:
  std::optional<std::string> read() override {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  }
};

}  // namespace

std::unique_ptr<LineReader> make_prompt(Completer complete) {
  return std::make_unique<Prompt>(std::move(complete));
}

std::unique_ptr<LineReader> make_plain_reader() { return std::make_unique<PlainReader>(); }

}  // namespace tenon::app
