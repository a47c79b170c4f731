#include "rules.hpp"

#include <nlohmann/json.hpp>

namespace sandbox {
namespace {

using nlohmann::json;

std::string json_escaped(std::string_view text) {
  const auto quoted = json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::string filled(std::string_view body, std::initializer_list<std::string_view> words) {
  const bool is_json = body.starts_with('{') || body.starts_with('[');
  std::string out;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '$' && i + 1 < body.size() && body[i + 1] >= '1' && body[i + 1] <= '9') {
      const auto at = static_cast<std::size_t>(body[++i] - '1');
      if (at < words.size())
        out += is_json ? json_escaped(words.begin()[at]) : std::string(words.begin()[at]);
    } else {
      out.push_back(body[i]);
    }
  }
  return out;
}

}  // namespace

Reply refuse(Rule rule, std::initializer_list<std::string_view> words) {
  const auto& row = row_of(rule);
  Reply out;
  out.status = row.status;
  out.body = filled(row.body, words);
  if (!out.body.starts_with('{') && !out.body.starts_with('[')) out.content_type = "text/plain";
  out.header("X-Sandbox-Rule", row.id);
  return out;
}

std::string rules_text() {
  std::string out;
  for (const auto& row : rules()) {
    out += std::string(row.id) + "\n  " + std::string(row.method) + " " + std::string(row.path) + ": " +
           std::string(row.refuses) + "\n  -> " + std::to_string(row.status) + " " + std::string(row.body) +
           "\n  source: " + std::string(row.source) + "\n";
  }
  return out;
}

std::string rules_json() {
  auto out = json::array();
  for (const auto& row : rules())
    out.push_back({{"id", row.id},
                   {"method", row.method},
                   {"path", row.path},
                   {"refuses", row.refuses},
                   {"status", row.status},
                   {"body", row.body},
                   {"source", row.source}});
  return out.dump();
}

}  // namespace sandbox
