// What is refused before yaml-cpp sees the text. It takes byte 4 for the end of the file, guesses UTF-16 from
// NULs and replaces what is no UTF-8 silently.
#include <string>

#include "base/text.hpp"
#include "config/yaml.hpp"

namespace tenon::config {
namespace {

std::string hexadecimal(unsigned char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  return std::string("0x") + kHex[byte >> 4U] + kHex[byte & 15U];
}

/// The first byte of a line that is no UTF-8, or npos.
std::size_t bad_utf8(std::string_view line) {
  if (is_utf8(line)) return std::string_view::npos;
  std::size_t good = 0;
  for (std::size_t end = 1; end <= line.size(); ++end) {
    if (is_utf8(line.substr(good, end - good))) {
      good = end;
    } else if (end - good >= 4) {
      break;
    }
  }
  return good;
}

void check_character(Report& report, std::size_t offset, unsigned char byte) {
  if (byte == '\t') {
    report.error({offset, 1}, "yaml_tab", "a tab: use spaces (in text: \"\\t\" in double quotes)");
  } else if (byte == 0) {
    report.error({offset, 1}, "yaml_bytes", "a NUL byte: is this a text file?");
  } else if (byte == '\r') {
    report.error({offset, 1}, "yaml_bytes", "a carriage return without a line feed");
  } else {
    report.error({offset, 1}, "yaml_bytes", "control character " + hexadecimal(byte));
  }
}

bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7f; }

/// One report a line is enough.
void check_line(Report& report, std::size_t line) {
  const Source& source = report.source();
  const std::string_view text = source.line(line);
  const std::size_t from = source.line_start(line);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_control(static_cast<unsigned char>(text[i]))) continue;
    return check_character(report, from + i, static_cast<unsigned char>(text[i]));
  }
  if (const std::size_t bad = bad_utf8(text); bad != std::string_view::npos) {
    report.error({from + bad, 1}, "yaml_bytes",
                 "byte " + hexadecimal(static_cast<unsigned char>(text[bad])) + " is no UTF-8");
  }
}

/// `%YAML`, `%TAG`: only before the first content.
void check_directive(Report& report) {
  const Source& source = report.source();
  for (std::size_t line = 0; line < source.line_count(); ++line) {
    const std::string_view text = source.line(line);
    if (text.starts_with('%')) {
      report.error({source.line_start(line), text.size()}, "yaml_directive",
                   "YAML directives are not used here: leave this line out");
    }
    if (!trim(text).empty() && !trim(text).starts_with('#') && !text.starts_with('%')) return;
  }
}

}  // namespace

bool check_bytes(Report& report) {
  const Source& source = report.source();
  const std::size_t before = report.errors();
  if (source.text().size() > kMostFileBytes) {
    report.file_error("yaml_size", "the file is larger than 1 MiB");
    return false;
  }
  if (source.text().starts_with("\xef\xbb\xbf")) {
    report.error({0, 3}, "yaml_bytes", "a byte order mark: save the file as UTF-8 without one");
  } else if (source.text().starts_with("\xff\xfe") || source.text().starts_with("\xfe\xff")) {
    report.error({0, 2}, "yaml_bytes", "this is UTF-16: save the file as UTF-8");
    return false;
  }
  for (std::size_t line = 0; line < source.line_count() && report.errors() - before < Report::kMost; ++line) {
    check_line(report, line);
  }
  check_directive(report);
  return report.errors() == before;
}

}  // namespace tenon::config
