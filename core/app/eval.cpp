// tenon eval: one expression, or a prompt for many.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "app/cli/output.hpp"
#include "app/eval_prompt.hpp"
#include "app/try_options.hpp"
#include "app/value_view.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

struct EvalOptions {
  TryOptions tried;
  std::string expression;
};

/// What came of one text.
struct Evaluated {
  bool ok = false;
  bool parsed = false;
  Value value;
  std::string code, message;
  std::size_t offset = 0, length = 0;
};

Evaluated evaluate(trial::Bench& bench, const std::string& text) {
  Evaluated out;
  const auto expression = mapping::Expression::parse(text, bench.options());
  if (!expression) {
    const mapping::ParseError& error = expression.error();
    out.code = error.code;
    out.message = error.message;
    if (!error.did_you_mean.empty() && out.message.find(error.did_you_mean) == std::string::npos)
      out.message += "; did you mean `" + error.did_you_mean + "`?";
    out.offset = error.offset;
    out.length = error.length;
    return out;
  }
  out.parsed = true;
  const auto value = bench.evaluate(*expression);
  if (!value) {
    out.code = value.error().code;
    out.message = value.error().message;
    out.offset = value.error().offset;
    out.length = value.error().length;
    return out;
  }
  out.ok = true;
  out.value = *value;
  return out;
}

std::string error_text(const std::string& expression, const Evaluated& result, bool color) {
  return paint("error:", Style::red, color) + " " + printable(result.code + ": " + result.message) + "\n" +
         with_caret(expression, result.offset, result.length) + "\n";
}

int once(const EvalOptions& options, trial::Bench& bench) {
  const Evaluated result = evaluate(bench, options.expression);
  if (!result.ok) {
    if (output().json()) {
      std::string json = "{\"error\":{\"code\":" + json_string(result.code) +
                         ",\"message\":" + json_string(result.message) +
                         ",\"offset\":" + std::to_string(result.offset) +
                         ",\"length\":" + std::to_string(result.length) + "}}";
      output().document(json);
    }
    std::cerr << error_text(options.expression, result, output().err().color);
    return result.parsed ? kExitFailure : kExitBadInput;
  }
  if (output().json()) {
    const bool missing = result.value.is_missing() || result.value.is_function();
    output().document("{" + std::string(missing ? "" : "\"value\":" + to_json(result.value) + ",") +
                      "\"type\":" + json_string(name_of(result.value.kind())) + "}");
    return kExitOk;
  }
  if (result.value.is_missing() || result.value.is_function()) {
    output().note(result.value.is_function() ? "a function" : "missing");
    return kExitOk;
  }
  std::string text = render_value(result.value, output().out());
  if (output().out().terminal) text += output().paint_out("  " + type_text(result.value), Style::faint);
  output().text(text + "\n");
  return kExitOk;
}

constexpr const char* kHelp =
    "An expression is evaluated on the event. Tab completes paths, variables and functions.\n"
    "  $x := EXPRESSION   keeps a value under a name\n"
    "  :roots             names at the top, with their types\n"
    "  :quit              ends, as Ctrl-D does\n";

/// `$name := …`: the name, or nothing.
std::string assigned_name(std::string_view line) {
  if (!line.starts_with('$')) return {};
  std::size_t end = 1;
  while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) != 0 || line[end] == '_'))
    ++end;
  const std::string_view rest = trim(line.substr(end));
  return end > 1 && rest.starts_with(":=") ? std::string(line.substr(1, end - 1)) : std::string();
}

void answer(trial::Bench& bench, const std::string& line) {
  const Screen& screen = output().out();
  if (line == ":help" || line == ":h" || line == "?") return output().text(kHelp);
  if (line == ":roots") {
    for (const auto& [name, value] : bench.variables())
      output().text(printable(name) + "  " + paint(type_text(value), Style::faint, screen.color) + "\n");
    for (const trial::BenchRoot& root : bench.roots()) {
      const auto& all = bench.variables();
      if (std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.first == root.name; }))
        output().text(printable(root.name) + "  " + paint(type_text(root.value), Style::faint, screen.color) +
                      "\n");
    }
    return;
  }
  if (line.starts_with(':')) return output().text("no such command; :help tells which there are\n");
  const std::string name = assigned_name(line);
  const std::string text = name.empty() ? line : std::string(trim(line.substr(line.find(":=") + 2)));
  const Evaluated result = evaluate(bench, text);
  if (!result.ok) return output().text(error_text(text, result, screen.color));
  if (!name.empty()) bench.bind(name, result.value);
  if (result.value.is_function())
    return output().text(paint("a function", Style::faint, screen.color) + "\n");
  const std::string shown = render_value(result.value, screen);
  output().text(shown + (shown.empty() ? "" : "  ") +
                paint(type_text(result.value), Style::faint, screen.color) + "\n");
}

int prompt(trial::Bench& bench) {
  const bool person = isatty(STDIN_FILENO) != 0;
  if (person) output().note("an expression, or :help");
  const auto reader =
      person ? make_prompt([&bench](const std::string& text) { return trial::complete(bench, text); })
             : make_plain_reader();
  while (const auto line = reader->read()) {
    const std::string text(trim(*line));
    if (text.empty()) continue;
    if (text == ":quit" || text == ":q") break;
    answer(bench, text);
  }
  return kExitOk;
}

int eval(const EvalOptions& options) {
  if (options.expression.empty() && options.tried.event == "-")
    return output().fail("bad_argument", "--event - takes stdin, which the prompt needs: name a file",
                         kExitBadInput);
  auto opened = open_bench(options.tried);
  if (!opened) return output().fail(opened.error(), kExitBadInput);
  if (!*opened) return kExitBadInput;  // diagnostics were shown
  return options.expression.empty() ? prompt(*(*opened)->bench) : once(options, *(*opened)->bench);
}

}  // namespace

void add_eval(Command& program) {
  Command& command = program.verb("eval", "Evaluate an expression on an event, or many at a prompt");
  command.about(
      "EXPRESSION is JSONata as in ${{ }}, without these marks. The file is its input: the members of the "
      "JSON are at "
      "the top. With --pipeline they are `event` and its fetches, as the pipeline's own expressions see "
      "them. Without "
      "EXPRESSION a prompt reads one line after the other.");
  auto& options = command.keep<EvalOptions>();
  command.argument("expression", options.expression, "What to evaluate; none: a prompt");
  command.option("--pipeline", options.tried.pipeline, "In the scope of that pipeline file")
      .value("FILE")
      .completes(Completes::pipeline);
  add_try_options(command, options.tried);
  command.json();
  command.example("tenon eval --sample store/customer/created 'customer.first_name'",
                  "On a connector's sample");
  command.example("tenon eval --pipeline pipelines/blueprint.yaml '$uppercase(event.data.name)'",
                  "As the pipeline sees its sample");
  command.example("echo '{\"total\": 69.80}' | tenon eval --event - 'total * 2'", "On what comes by a pipe");
  command.run([&options] { return eval(options); });
}

}  // namespace tenon::app
