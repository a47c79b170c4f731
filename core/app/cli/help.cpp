#include "app/cli/help.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tenon::app {
namespace {

constexpr std::size_t kMostWidth = 100;
constexpr std::size_t kLeastWidth = 40;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

/// One help text while it is written.
class Page {
 public:
  explicit Page(const Screen& screen)
      : width_(screen.terminal ? std::clamp(screen.width, kLeastWidth, kMostWidth) : 80),
        color_(screen.color) {}

  void paragraph(const std::string& text) {
    for (const std::string& line : wrap(text, width_)) out_ += line + "\n";
  }
  void heading(const std::string& text) { out_ += "\n" + paint(text, Style::strong, color_) + "\n"; }
  void line(const std::string& text) { out_ += text + "\n"; }

  using Row = std::pair<std::string, std::string>;
  /// Names on the left, what they are on the right.
  void rows(const std::vector<Row>& rows) {
    constexpr std::size_t kMostLeft = 30;
    std::size_t left = 0;
    for (const Row& row : rows) {
      if (display_width(row.first) <= kMostLeft) left = std::max(left, display_width(row.first));
    }
    const std::size_t indent = left + 4;
    for (const auto& [name, text] : rows) {
      out_ += "  " + paint(name, Style::cyan, color_);
      std::size_t at = display_width(name) + 2;
      if (at + 2 > indent) {
        out_ += "\n";
        at = 0;
      }
      const auto lines = wrap(text, std::max<std::size_t>(width_ - indent, 20));
      for (std::size_t i = 0; i < lines.size(); ++i) {
        out_.append(i == 0 ? indent - at : indent, ' ');
        out_ += lines[i] + "\n";
      }
    }
  }

  void example(const Command::Example& example) {
    out_ += "  " + paint("# " + example.what, Style::faint, color_) + "\n  " + example.line + "\n";
  }

  std::string take() { return std::move(out_); }

 private:
  std::size_t width_;
  bool color_;
  std::string out_;
};

std::string left_of(const OptionInfo& option) {
  if (option.argument) return option_names(option);
  return (option.short_name.empty() ? "    " : "") + option_names(option);
}

void options(Page& page, const Command& command, const std::string& title, bool argument, bool common) {
  std::vector<Page::Row> rows;
  for (const auto& option : command.options()) {
    if (option->argument == argument && option->common == common)
      rows.emplace_back(left_of(*option), option_help(*option));
  }
  if (!argument && (common || !command.runs())) {
    rows.emplace_back("-h, --help", "Print this help");
    if (command.parent() == nullptr) rows.emplace_back("    --version", "Print the version");
  }
  if (rows.empty()) return;
  page.heading(title);
  page.rows(rows);
}

}  // namespace

std::string option_help(const OptionInfo& option) {
  std::string text = option.help;
  if (!option.default_value.empty()) text += " (default: " + option.default_value + ")";
  if (option.many && !option.argument) text += "; may be given several times";
  return text;
}

std::string option_names(const OptionInfo& option) {
  if (option.argument) return upper(option.long_name) + (option.many ? "..." : "");
  std::string text = option.short_name.empty() ? "" : option.short_name + ", ";
  text += option.long_name;
  if (!option.value.empty()) text += " " + option.value;
  return text;
}

std::string usage_line(const Command& command) {
  std::string text = command.path();
  if (!command.verbs().empty()) return text + " COMMAND";
  const auto& options = command.options();
  if (std::any_of(options.begin(), options.end(), [](const auto& option) { return !option->argument; }))
    text += " [OPTIONS]";
  for (const auto& option : options) {
    if (!option->argument) continue;
    const std::string name = left_of(*option);
    text += option->required ? " " + name : " [" + name + "]";
  }
  return text;
}

std::string render_help(const Command& command, const Screen& screen) {
  Page page(screen);
  page.paragraph(command.summary());
  if (!command.about_text().empty()) {
    page.line("");
    page.paragraph(command.about_text());
  }
  page.heading("Usage");
  page.line("  " + usage_line(command));
  std::vector<Page::Row> verbs;
  for (const auto& verb : command.verbs()) {
    if (!verb->is_hidden()) verbs.emplace_back(verb->name(), verb->summary());
  }
  if (!verbs.empty()) {
    page.heading("Commands");
    page.rows(verbs);
  }
  options(page, command, "Arguments", true, false);
  if (command.runs()) options(page, command, "Options", false, false);
  options(page, command, command.runs() ? "Common options" : "Options", false, command.runs());
  if (!command.examples().empty()) {
    page.heading("Examples");
    for (const auto& example : command.examples()) page.example(example);
  }
  page.heading("Exit codes");
  page.line("  0 fine, 1 failure, 2 bad input (arguments, files, environment), 130 Ctrl-C");
  if (!command.verbs().empty()) {
    page.line("");
    page.paragraph("Run `" + command.path() + " COMMAND --help` for more on a command.");
  }
  return page.take();
}

}  // namespace tenon::app
