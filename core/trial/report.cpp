#include "trial/report.hpp"

#include <algorithm>
#include <cstdint>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::trial {
namespace {

/// Writes members of one JSON object, commas between them.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  Object& text(std::string_view name, std::string_view value) { return raw(name, json_string(value)); }
  Object& number(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
  Object& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Object& raw(std::string_view name, std::string_view json) {
    this->name(name);
    out_ += json;
    return *this;
  }
  /// The value is written next by somebody else.
  Object& name(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return *this;
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

template <class T, class Write>
void append_list(std::string& out, const std::vector<T>& all, Write&& write) {
  out += '[';
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0) out += ',';
    write(all[i]);
  }
  out += ']';
}

void append_test(std::string& out, const TestReport& test) {
  Object object(out);
  object.text("name", test.name).text("file", test.position.file).number("line", test.position.line);
  object.flag("passed", test.ok()).number("took_ms", test.took_ms);
  if (!test.error.empty()) object.text("error", test.error);
  if (!test.unanswered.empty()) {
    object.name("unanswered");
    append_list(out, test.unanswered, [&](const std::string& line) { append_json_string(out, line); });
  }
  object.name("differences");
  append_list(out, test.differences, [&](const Difference& difference) {
    Object one(out);
    one.text("file", difference.position.file).number("line", difference.position.line);
    one.number("column", difference.position.column).text("path", difference.path);
    one.text("expected", difference.expected).text("found", difference.found).end();
  });
  object.end();
}

void append_pipeline(std::string& out, const PipelineReport& report) {
  Object object(out);
  object.text("name", report.pipeline).text("file", report.file);
  if (!report.coverage.empty()) {
    object.name("coverage");
    Object coverage(out);
    coverage.number("percent", percent(report.coverage)).name("missed");
    std::vector<CoveredPart> missed = report.coverage;
    std::erase_if(missed, [](const CoveredPart& part) { return part.reached; });
    append_list(out, missed, [&](const CoveredPart& part) {
      Object one(out);
      one.number("line", part.line).text("field", part.field);
      if (!part.what.empty()) one.text("what", part.what);
      one.end();
    });
    coverage.end();
  }
  object.name("tests");
  append_list(out, report.tests, [&](const TestReport& test) { append_test(out, test); });
  object.end();
}

/// XML 1.0: its five, and characters that it cannot hold at all as U+FFFD.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\n' || c == '\t') {
      out += byte == '\n' ? "&#10;" : "&#9;";
    } else if (byte < 0x20) {
      out += "\xef\xbf\xbd";
    } else {
      out += c;
    }
  }
  return out;
}

/// As JUnit counts time: seconds.
std::string seconds(std::int64_t ms) {
  const std::string rest = std::to_string(1000 + ms % 1000);
  return std::to_string(ms / 1000) + "." + rest.substr(1);
}

struct Sums {
  std::size_t tests = 0, failures = 0, errors = 0;
  std::int64_t took_ms = 0;

  void add(const PipelineReport& report) {
    for (const TestReport& test : report.tests) {
      ++tests;
      errors += test.error.empty() ? 0 : 1;
      failures += test.error.empty() && !test.ok() ? 1 : 0;
      took_ms += test.took_ms;
    }
  }
  std::string attributes() const {
    return " tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) +
           "\" errors=\"" + std::to_string(errors) + "\" skipped=\"0\" time=\"" + seconds(took_ms) + "\"";
  }
};

std::string failure_text(const TestReport& test) {
  std::string out = test.error;
  for (const Difference& difference : test.differences) {
    if (!out.empty()) out += '\n';
    out += difference.position.file + ":" + std::to_string(difference.position.line) + ": " +
           difference.path + ": expected " + difference.expected + ", found " + difference.found;
  }
  for (const std::string& line : test.unanswered) out += "\nnothing answers " + line;
  return out;
}

}  // namespace

Totals totals_of(const std::vector<PipelineReport>& reports) {
  Totals totals;
  for (const PipelineReport& report : reports) {
    for (const TestReport& test : report.tests) ++(test.ok() ? totals.passed : totals.failed);
  }
  return totals;
}

std::string render_json(const std::vector<PipelineReport>& reports) {
  const Totals totals = totals_of(reports);
  std::string out;
  Object object(out);
  object.number("passed", static_cast<std::int64_t>(totals.passed));
  object.number("failed", static_cast<std::int64_t>(totals.failed)).name("pipelines");
  append_list(out, reports, [&](const PipelineReport& report) { append_pipeline(out, report); });
  object.end();
  return out;
}

std::string render_json(const std::vector<SampleReport>& reports) {
  std::string out;
  Object object(out);
  const auto failed =
      std::count_if(reports.begin(), reports.end(), [](const auto& report) { return !report.ok(); });
  object.number("failed", failed).name("samples");
  append_list(out, reports, [&](const SampleReport& report) {
    Object one(out);
    one.text("pipeline", report.pipeline).text("file", report.file).text("type", report.type);
    one.flag("passed", report.ok()).text("end", report.end);
    if (!report.reason.empty()) one.text("reason", report.reason);
    one.name("records");
    Object records(out);
    for (const auto& [action, record] : report.records) records.raw(action, record);
    records.end();
    one.end();
  });
  object.end();
  return out;
}

std::string render_junit(const std::vector<PipelineReport>& reports) {
  Sums all;
  for (const PipelineReport& report : reports) all.add(report);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + all.attributes() + ">\n";
  for (const PipelineReport& report : reports) {
    Sums own;
    own.add(report);
    out += "  <testsuite name=\"" + xml(report.pipeline) + "\" file=\"" + xml(report.file) + "\"" +
           own.attributes() + ">\n";
    for (const TestReport& test : report.tests) {
      out += "    <testcase classname=\"" + xml(report.pipeline) + "\" name=\"" + xml(test.name) +
             "\" file=\"" + xml(test.position.file) + "\" line=\"" + std::to_string(test.position.line) +
             "\" time=\"" + seconds(test.took_ms) + "\"";
      if (test.ok()) {
        out += "/>\n";
        continue;
      }
      const std::string text = failure_text(test);
      // What could not be run has failed no expectation.
      const std::string element = test.error.empty() ? "failure" : "error";
      out += ">\n      <" + element + " message=\"" + xml(text.substr(0, text.find('\n'))) + "\">" +
             xml(text) + "</" + element + ">\n    </testcase>\n";
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace tenon::trial
