#include "app/test_report.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "trial/report.hpp"

namespace tenon::app {
namespace {

class Writer {
 public:
  explicit Writer(const Screen& screen) : color_(screen.color) {}

  void line(std::string_view text, Style style = Style::plain) {
    out_ += paint(printable(text), style, color_) + "\n";
  }
  /// Two texts, the first with a style of its own.
  void line(std::string_view first, Style style, std::string_view rest) {
    out_ += paint(printable(first), style, color_) + printable(rest) + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  bool color_;
  std::string out_;
};

std::string place(const config::Position& position) {
  return position.file + ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
}

void write_test(Writer& writer, const trial::TestReport& test) {
  if (test.ok()) return writer.line("  ok    ", Style::green, test.name);
  writer.line("  FAIL  ", Style::red, test.name);
  if (!test.error.empty()) writer.line("    " + place(test.position) + ": " + test.error);
  for (const trial::Difference& difference : test.differences) {
    writer.line("    " + place(difference.position) + ": ", Style::strong, difference.path);
    writer.line("      - " + difference.expected, Style::red);
    writer.line("      + " + difference.found, Style::green);
  }
  for (const std::string& request : test.unanswered)
    writer.line("    nothing answers " + request + ": say it with `remote`", Style::faint);
}

void write_coverage(Writer& writer, const trial::PipelineReport& report) {
  if (report.coverage.empty()) return;
  const auto reached = std::count_if(report.coverage.begin(), report.coverage.end(),
                                     [](const trial::CoveredPart& part) { return part.reached; });
  writer.line("  coverage " + std::to_string(trial::percent(report.coverage)) + " % (" +
                  std::to_string(reached) + " of " + std::to_string(report.coverage.size()) +
                  " expressions and branches)",
              Style::faint);
  for (const trial::CoveredPart& part : report.coverage) {
    if (part.reached) continue;
    writer.line("    " + report.file + ":" + std::to_string(part.line) + ": ", Style::yellow,
                part.field + ": never reached" + (part.what.empty() ? "" : ": " + part.what));
  }
}

}  // namespace

std::string render_tests(const std::vector<trial::PipelineReport>& reports, const Screen& screen) {
  Writer writer(screen);
  for (const trial::PipelineReport& report : reports) {
    writer.line(report.pipeline, Style::strong, "  " + report.file);
    for (const trial::TestReport& test : report.tests) write_test(writer, test);
    if (report.tests.empty()) writer.line("  no tests", Style::faint);
    write_coverage(writer, report);
  }
  const trial::Totals totals = trial::totals_of(reports);
  const std::string text = std::to_string(totals.passed + totals.failed) +
                           " tests: " + std::to_string(totals.passed) + " passed, " +
                           std::to_string(totals.failed) + " failed";
  writer.line(text, totals.failed == 0 ? Style::green : Style::red);
  return writer.take();
}

std::string render_samples(const std::vector<trial::SampleReport>& reports, const Screen& screen) {
  Writer writer(screen);
  for (const trial::SampleReport& report : reports) {
    writer.line(report.ok() ? "ok    " : "FAIL  ", report.ok() ? Style::green : Style::red,
                report.pipeline + "  " + report.type + "  " + report.end +
                    (report.reason.empty() ? "" : ": " + report.reason));
    for (const auto& [action, record] : report.records) writer.line("      " + action + "  " + record);
  }
  const auto failed =
      std::count_if(reports.begin(), reports.end(), [](const auto& report) { return !report.ok(); });
  writer.line(std::to_string(reports.size()) + " samples, " + std::to_string(failed) + " failed",
              failed == 0 ? Style::green : Style::red);
  return writer.take();
}

}  // namespace tenon::app
