// tenon explain: where each field of a record comes from.
#include "trial/explain.hpp"
#include "app/cli/output.hpp"
#include "app/try_options.hpp"
#include "app/verbs.hpp"

namespace tenon::app {
namespace {

struct ExplainOptions {
  TryOptions tried;
  std::string field;
};

class Writer {
 public:
  Writer(std::string file, const Screen& screen) : file_(std::move(file)), color_(screen.color) {}

  void fields(const std::vector<trial::ExplainedField>& fields, const std::string& prefix) {
    for (const trial::ExplainedField& field : fields) write(field, prefix);
  }
  void line(const std::string& text, Style style) { out_ += paint(printable(text), style, color_) + "\n"; }
  std::string take() { return std::move(out_); }

 private:
  void write(const trial::ExplainedField& field, const std::string& prefix) {
    out_ += "  " + paint(printable(prefix + field.field), Style::cyan, color_) + " = " +
            (field.value.empty() ? paint("missing", Style::yellow, color_) : printable(field.value));
    out_ += paint(field.line > 0 ? "  " + printable(file_) + ":" + std::to_string(field.line) : std::string(),
                  Style::faint, color_) +
            "\n";
    out_ += "      " + printable(field.expression.empty() ? "written in the file" : field.expression) + "\n";
    for (const trial::Read& read : field.reads)
      out_ += "      " + printable(read.path + " = " + (read.value.empty() ? "missing" : read.value)) + "\n";
    if (!field.why.empty()) line("      why: " + field.why, Style::yellow);
  }

  std::string file_;
  bool color_;
  std::string out_;
};

/// Keeps the field that was asked for and what is below it.
void keep_only(std::vector<trial::ExplainedField>& fields, const std::string& wanted) {
  if (wanted.empty()) return;
  std::erase_if(fields, [&](const trial::ExplainedField& field) {
    const bool below = field.field.starts_with(wanted) &&
                       (field.field.size() == wanted.size() || field.field[wanted.size()] == '.' ||
                        field.field[wanted.size()] == '[');
    return !below;
  });
}

int explain(const ExplainOptions& options) {
  auto opened = open_bench(options.tried);
  if (!opened) return output().fail(opened.error(), kExitBadInput);
  if (!*opened) return kExitBadInput;  // diagnostics were shown
  OpenBench& open = **opened;
  trial::Explanation explanation = trial::explain(*open.bench, open.loaded.config, *open.registry);
  std::size_t left = 0;
  for (trial::ExplainedAction& action : explanation.actions) {
    keep_only(action.fields, options.field);
    left += action.fields.size();
  }
  if (!options.field.empty() && left == 0)
    return output().fail("no_field", "no mapping makes a field `" + options.field + "` of this event",
                         kExitBadInput);
  if (output().json()) {
    output().document(trial::render_json(explanation));
    return kExitOk;
  }
  Writer writer(open.bench->pipeline()->file, output().out());
  if (options.field.empty()) writer.fields(explanation.trigger, "trigger.");
  for (const trial::ExplainedAction& action : explanation.actions) {
    if (!options.field.empty() && action.fields.empty()) continue;
    writer.line(action.action + ": " + action.outcome, action.record ? Style::strong : Style::red);
    writer.fields(action.fields, "");
  }
  output().text(writer.take());
  return kExitOk;
}

}  // namespace

void add_explain(Command& program) {
  Command& command = program.verb("explain", "Tell where each field of a record comes from");
  command.about(
      "For each field of the record that an event becomes: its line, the expression, what it read, its "
      "value, and "
      "what made it null or missing. Nothing is sent, and no environment is needed.");
  auto& options = command.keep<ExplainOptions>();
  command.argument("pipeline", options.tried.pipeline, "A pipeline file")
      .required()
      .completes(Completes::pipeline);
  command.argument("field", options.field, "Only this field of the record, as in lines[0].sku");
  add_try_options(command, options.tried);
  command.json();
  command.example("tenon explain pipelines/blueprint.yaml", "All fields, for the connector's sample");
  command.example("tenon explain pipelines/blueprint.yaml email", "One field");
  command.run([&options] { return explain(options); });
}

}  // namespace tenon::app
