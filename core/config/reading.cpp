#include "config/reading.hpp"

#include <algorithm>
#include <array>

namespace tenon::config {
namespace {

constexpr std::array<std::string_view, 12> kTakenNames = {"event",       "vars",    "tables",   "connection",
                                                          "connections", "item",    "index",    "results",
                                                          "since",       "request", "response", "let"};

}  // namespace

const Connection* Reading::connection(Fields& fields, std::string_view key) {
  const auto wanted = fields.need_text(key, "the name of a connection");
  if (!wanted) return nullptr;
  const auto found = connections.find(*wanted);
  if (found != connections.end()) return &found->second;
  if (!connections_known) return nullptr;
  std::vector<std::string> known;
  for (const auto& [name, entry] : connections) known.push_back(name);
  fields.error(fields.get(key)->at, "unknown_connection", key,
               "there is no connection `" + *wanted + "` in this file" + suggestion(*wanted, known));
  return nullptr;
}

std::string hint_of(std::string_view name, const std::vector<std::string>& known,
                    const std::string& otherwise) {
  std::string hint = suggestion(name, known);
  if (!hint.empty()) return hint;
  if (known.empty()) return "; it has none";
  hint = otherwise;
  for (std::size_t i = 0; i < known.size(); ++i) hint += (i > 0 ? ", `" : " `") + known[i] + "`";
  return hint;
}

bool is_taken_name(std::string_view name) {
  return std::find(kTakenNames.begin(), kTakenNames.end(), name) != kTakenNames.end();
}

}  // namespace tenon::config
