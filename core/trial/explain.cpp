#include "trial/explain.hpp"

#include <algorithm>
#include <optional>

#include "base/json.hpp"
#include "delivery/record.hpp"
#include "mapping/trace.hpp"

namespace tenon::trial {
namespace {

std::string json_of(Value value) { return value.is_missing() ? std::string() : to_json(value); }

/// Writes down what the expressions of one template read and give.
class Notes final : public mapping::Trace {
 public:
  void begins(const mapping::Expression& expression, const std::string& field,
              mapping::SourcePosition position) override {
    if (inside_ > 0) return;
    expression_ = expression;
    const std::string text = mapping::on_one_line(expression.text());
    // Several expressions in one text are one field.
    if (!fields.empty() && fields.back().field == field &&
        fields.back().line == static_cast<int>(position.line)) {
      fields.back().expression += " … " + text;
      return;
    }
    fields.push_back({field, static_cast<int>(position.line), text, {}, "", ""});
  }

  void evaluated(const mapping::jsonata::Node& node, Value value) override {
    if (inside_ > 0) return;
    const auto part = mapping::read_of(*expression_, node);
    if (!part || value.is_function()) return;
    std::string path = mapping::on_one_line(expression_->text().substr(part->offset, part->length));
    std::vector<Read>& reads = fields.back().reads;
    // The reads inside a path are told by the path.
    const auto same =
        std::find_if(reads.begin(), reads.end(), [&](const Read& read) { return read.path == path; });
    if (same != reads.end()) return;
    reads.push_back({std::move(path), json_of(value), std::string(name_of(value.kind()))});
  }

  void enters(std::string_view) override { ++inside_; }
  void leaves() override { --inside_; }
  void gave(Value value) override {
    if (inside_ == 0) fields.back().value = json_of(value);
  }

  std::vector<ExplainedField> fields;

 private:
  std::optional<mapping::Expression> expression_;
  int inside_ = 0;  ///< variables that are being made; they are values here
};

/// The part of a path that is there, and the name that is not: "customer has no `company`".
std::string missing_step(const std::string& path, Bench& bench) {
  if (path.find_first_of("[(*%@#^`{ ") != std::string::npos) return path + " is missing";
  std::size_t end = path.find('.');
  std::string known = path.substr(0, end);
  while (end != std::string::npos) {
    const auto next = path.find('.', end + 1);
    const std::string longer = path.substr(0, next);
    const auto parsed = mapping::Expression::parse(longer, bench.options());
    const auto value = parsed ? bench.evaluate(*parsed) : mapping::EvaluationResult(Value());
    if (!value || value->is_missing())
      return known + " has no `" + path.substr(end + 1, next - end - 1) + "`";
    known = longer;
    end = next;
  }
  return path + " is missing";
}

std::string why_lost(const ExplainedField& field, const std::string& kind, Bench& bench) {
  std::string why;
  for (const Read& read : field.reads) {
    if (read.type != "missing" && read.type != "null") continue;
    if (!why.empty()) why += "; ";
    why += read.type == "null" ? read.path + " is null" : missing_step(read.path, bench);
  }
  return why.empty() ? "the expression gives " + kind : why;
}

/// The value at the field in the record; nullopt if nothing there is an object or list.
Value at(Value record, std::string_view field) {
  while (!field.empty()) {
    if (field.front() == '[') {
      const auto close = field.find(']');
      const auto index = static_cast<std::size_t>(std::stoul(std::string(field.substr(1, close - 1))));
      if (!record.is_array() || index >= record.size()) return {};
      record = record.items()[index];
      field.remove_prefix(close + 1);
      continue;
    }
    if (field.front() == '.') field.remove_prefix(1);
    const auto end = std::min(field.find_first_of(".["), field.size());
    record = record.get(field.substr(0, end));
    field.remove_prefix(end);
  }
  return record;
}

/// Leaves of the record that no expression made.
void add_plain(Value value, const std::string& field, const std::vector<ExplainedField>& made,
               std::vector<ExplainedField>& out) {
  // What only parts were made of, as the list of an $each, is told by its parts.
  const auto below = [&](const ExplainedField& one) {
    return one.field.size() > field.size() && one.field.starts_with(field) &&
           (one.field[field.size()] == '.' || one.field[field.size()] == '[');
  };
  const bool told =
      std::any_of(made.begin(), made.end(), [&](const ExplainedField& one) { return one.field == field; }) &&
      std::none_of(made.begin(), made.end(), below);
  if (told) return;
  if (value.is_object()) {
    for (const Member& member : value.members())
      add_plain(member.value,
                field.empty() ? std::string(member.name) : field + "." + std::string(member.name), made, out);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      add_plain(value.items()[i], field + "[" + std::to_string(i) + "]", made, out);
  } else {
    out.push_back({field, 0, "", {}, json_of(value), ""});
  }
}

class Explainer {
 public:
  Explainer(Bench& bench, const config::Config& config, const plugin::Registry& registry)
      : bench_(bench), config_(config), registry_(registry) {}

  Explanation run() {
    Explanation out;
    const config::Pipeline& pipeline = *bench_.pipeline();
    if (pipeline.when) condition(*pipeline.when, out.trigger);
    for (const config::Action& action : pipeline.actions) out.actions.push_back(explain_action(action));
    return out;
  }

 private:
  /// True if it holds; says why not in the field.
  bool condition(const config::When& when, std::vector<ExplainedField>& out) {
    Notes notes;
    bench_.scope()->set_trace(&notes);
    const Result<bool> holds = bench_.scope()->test(when);
    bench_.scope()->set_trace(nullptr);
    ExplainedField field = notes.fields.empty() ? ExplainedField{} : std::move(notes.fields.front());
    field.field = "when";
    if (!holds) field.why = holds.error().message;
    out.push_back(std::move(field));
    return holds && *holds;
  }

  ExplainedAction explain_action(const config::Action& action) {
    ExplainedAction out;
    out.action = action.name;
    if (action.when && !condition(*action.when, out.fields)) {
      out.outcome = out.fields.back().why.empty() ? "skipped: the condition is false" : "rejected";
      return out;
    }
    Notes notes;
    bench_.scope()->set_trace(&notes);
    const Result<Value> rendered = bench_.scope()->render(action.mapping);
    bench_.scope()->set_trace(nullptr);
    std::vector<ExplainedField> fields = std::move(notes.fields);
    if (!rendered) {
      if (!fields.empty()) fields.back().why = rendered.error().message;
      out.outcome = "rejected: " + rendered.error().message;
    } else {
      finish(action, *rendered, fields, out);
    }
    for (ExplainedField& field : fields) out.fields.push_back(std::move(field));
    return out;
  }

  void finish(const config::Action& action, Value record, std::vector<ExplainedField>& fields,
              ExplainedAction& out) {
    const auto* manifest = registry_.find(config_.connections.at(action.connection).connector);
    const plugin::Operation* operation =
        manifest != nullptr ? manifest->operation(action.operation) : nullptr;
    for (ExplainedField& field : fields) {
      const Value value = at(record, field.field);
      if (value.is_missing() || value.is_null())
        field.why = why_lost(field, value.is_null() ? "null" : "nothing", bench_);
      field.value = json_of(value);
    }
    std::vector<ExplainedField> plain;
    add_plain(record, "", fields, plain);
    for (ExplainedField& field : plain) fields.push_back(std::move(field));
    out.outcome = "a record";
    out.record = true;
    if (operation == nullptr) return;
    const Value fitted =
        operation->input ? delivery::fit_lists(record, *operation->input, bench_.scope()->arena()) : record;
    const Status checked = delivery::check_record(fitted, *operation, [&](const std::string& name) {
      return bench_.scope()->origin(action.mapping, name);
    });
    if (checked) return;
    out.outcome = "rejected: " + checked.error().message;
    out.record = false;
  }

  Bench& bench_;
  const config::Config& config_;
  const plugin::Registry& registry_;
};

void append_field(std::string& out, const ExplainedField& field) {
  out += "{\"field\":" + json_string(field.field);
  if (field.line > 0) out += ",\"line\":" + std::to_string(field.line);
  if (!field.expression.empty()) out += ",\"expression\":" + json_string(field.expression);
  if (!field.value.empty()) out += ",\"value\":" + field.value;
  if (!field.why.empty()) out += ",\"why\":" + json_string(field.why);
  out += ",\"reads\":[";
  for (std::size_t i = 0; i < field.reads.size(); ++i) {
    const Read& read = field.reads[i];
    out += std::string(i > 0 ? "," : "") + "{\"path\":" + json_string(read.path) +
           ",\"type\":" + json_string(read.type);
    if (!read.value.empty()) out += ",\"value\":" + read.value;
    out += '}';
  }
  out += "]}";
}

void append_fields(std::string& out, const std::vector<ExplainedField>& fields) {
  out += '[';
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ',';
    append_field(out, fields[i]);
  }
  out += ']';
}

}  // namespace

Explanation explain(Bench& bench, const config::Config& config, const plugin::Registry& registry) {
  return Explainer(bench, config, registry).run();
}

std::string render_json(const Explanation& explanation) {
  std::string out = "{\"trigger\":";
  append_fields(out, explanation.trigger);
  out += ",\"actions\":[";
  for (std::size_t i = 0; i < explanation.actions.size(); ++i) {
    const ExplainedAction& action = explanation.actions[i];
    out += std::string(i > 0 ? "," : "") + "{\"action\":" + json_string(action.action) +
           ",\"outcome\":" + json_string(action.outcome) + ",\"fields\":";
    append_fields(out, action.fields);
    out += '}';
  }
  return out + "]}";
}

}  // namespace tenon::trial
