#include "app/cli/output.hpp"

#include <unistd.h>

#include <iostream>

#include "base/json.hpp"
#include "observe/error_codes.hpp"

namespace tenon::app {
void Output::configure(ColorWish color, bool json, bool quiet) {
  out_ = screen_of(STDOUT_FILENO, color);
  err_ = screen_of(STDERR_FILENO, color);
  json_ = json;
  quiet_ = quiet;
}

void Output::text(std::string_view text) { std::cout << text; }

void Output::document(std::string_view json) { std::cout << json << "\n"; }

void Output::document(Value json) { document(to_json(json)); }

void Output::note(std::string_view text) {
  if (!quiet_) std::cerr << text << "\n";
}

bool Output::progress(std::string_view text) {
  if (quiet_ || !err_.terminal) return false;
  std::cerr << "\r\x1b[K" << text << std::flush;
  return true;
}

void Output::warning(std::string_view text) {
  if (!quiet_) std::cerr << "tenon: " << paint_err("warning:", Style::yellow) << " " << text << "\n";
}

int Output::fail(std::string_view code, std::string_view message, int exit_code, std::string_view advice) {
  std::cout << std::flush;
  std::cerr << "tenon: " << paint_err("error:", Style::red) << " ";
  if (!code.empty()) std::cerr << code << ": ";
  std::cerr << printable(message) << "\n";
  const ErrorCode* row = find_error_code(code);
  if (advice.empty() && row != nullptr) advice = row->advice;
  if (!advice.empty()) std::cerr << advice << "\n";
  if (json_) {
    document("{\"error\":{\"code\":" + json_string(code) + ",\"message\":" + json_string(message) + "}}");
  }
  return exit_code;
}

Output& output() {
  static Output the_output;
  return the_output;
}

}  // namespace tenon::app
