#include "admin/request.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "ingress/http_server.hpp"

namespace tenon::admin {

using ingress::Answer;
using ingress::json_answer;
using ingress::Request;
using ingress::Respond;

namespace {

constexpr std::uint32_t kMostRows = 1000;
constexpr std::uint32_t kUsualRows = 100;
constexpr std::uint64_t kMostLook = 200'000;
constexpr std::string_view kStates[] = {"waiting",    "retrying",  "delivered", "skipped",
                                        "superseded", "duplicate", "rejected",  "exhausted"};

/// One `name=value` into the query; false if it is none that we know.
bool read_parameter(std::string_view name, const std::string& value, journal::Query& query) {
  if (name == "pipeline") {
    query.pipeline = value;
  } else if (name == "key") {
    query.key = value;
  } else if (name == "state") {
    query.state = value;
    return std::find(std::begin(kStates), std::end(kStates), value) != std::end(kStates);
  } else if (name == "connection") {
    query.connection = value;
  } else if (name == "reason") {
    query.reason = value;
  } else if (name == "since" || name == "until") {
    return read_number<std::int64_t>(value, 0, INT64_MAX,
                                     (name == "since" ? query.since_ms : query.until_ms).emplace());
  } else if (name == "order") {
    query.oldest_first = value == "oldest";
    return query.oldest_first || value == "newest";
  } else if (name == "data") {
    query.with_data = value == "1";
    return query.with_data || value == "0";
  } else if (name == "after") {
    return read_number<journal::Seq>(value, 0, UINT64_MAX, query.after);
  } else if (name == "before") {
    return read_number<journal::Seq>(value, 1, UINT64_MAX, query.before);
  } else if (name == "look") {
    return read_number<std::uint64_t>(value, 1, kMostLook, query.look);
  } else if (name == "limit") {
    return read_number<std::uint32_t>(value, 1, kMostRows, query.limit);
  } else {
    return false;
  }
  return true;
}

}  // namespace

Answer not_found() { return json_answer(404, R"({"error":"not_found"})"); }

Answer bad_request(std::string_view name) {
  return json_answer(400, "{\"error\":\"bad_parameter\",\"parameter\":\"" + std::string(name) + "\"}");
}

Answer failed(const Error& error) { return json_answer(503, "{\"error\":\"" + error.code + "\"}"); }

std::optional<journal::Query> read_query(std::string_view text, std::string& wrong) {
  journal::Query query;
  query.limit = kUsualRows;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!value || !read_parameter(name, *value, query)) {
      // Only what cannot break the answer's JSON is repeated.
      const bool plain =
          std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
      wrong = plain ? std::string(name.substr(0, 32)) : "unknown";
      return std::nullopt;
    }
  }
  return query;
}

bool only(std::string_view method, const Request& request, const Respond& respond) {
  if (request.method == method) return true;
  Answer answer = json_answer(405, R"({"error":"method_not_allowed"})");
  answer.headers.emplace_back("Allow", std::string(method));
  respond(std::move(answer));
  return false;
}

bool only_get(const Request& request, const Respond& respond) { return only("GET", request, respond); }

std::optional<std::vector<journal::Seq>> read_seqs(Value body) {
  if (!body.get("seqs").is_array()) return std::nullopt;
  std::vector<journal::Seq> seqs;
  for (const Value each : body.get("seqs").items()) {
    journal::Seq seq = 0;
    if (!each.is_number() || !read_number<journal::Seq>(to_json(each), 1, INT64_MAX, seq))
      return std::nullopt;
    seqs.push_back(seq);
  }
  if (seqs.empty() || seqs.size() > kMostRows) return std::nullopt;
  return seqs;
}

}  // namespace tenon::admin
