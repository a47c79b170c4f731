#include "app/cells.hpp"

#include <ctime>

#include "app/cli/output.hpp"
#include "base/json.hpp"

namespace tenon::app {

std::string cell(Value value) {
  if (value.is_missing() || value.is_null()) return "";
  return printable(value.is_string() ? std::string(value.as_string()) : to_json(value));
}

std::string time_cell(Value ms) {
  if (!ms.is_number()) return "";
  const auto seconds = static_cast<std::time_t>(ms.as_double() / 1000);
  const bool local = output().out().terminal;
  std::tm parts{};
  if (local) {
    localtime_r(&seconds, &parts);
  } else {
    gmtime_r(&seconds, &parts);
  }
  char text[32];
  std::strftime(text, sizeof text, local ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace tenon::app
