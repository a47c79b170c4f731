// Plain records under /v1/records: the sink of the blueprint. Kept cheap, since the benchmarks go through it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger.hpp"
#include "message.hpp"
#include "settings.hpp"

namespace sandbox {

/// The fields as JSON text, empty where the request did not have them.
struct RecordFields {
  std::string id, status, email, name, amount;
  std::string plain_id, plain_email;
};

class Records {
 public:
  Records(const Settings& settings, Effects& effects);

  /// A request whose path is /v1/records or below it.
  Reply handle(const Request& request);
  void clear();
  std::size_t size() const { return all_.size(); }

 private:
  struct Row {
    RecordFields fields;
    std::string created, updated;
  };
  struct Done {
    std::size_t body_hash = 0, body_size = 0;
    int status = 0;
    std::string answer;
  };

  Reply create(const Request& request);
  Reply list(const Request& request) const;
  Reply update(const Request& request, Row& row);
  void record(const Request& request, std::string_view kind, const RecordFields& fields, int status);
  static std::string shown(const Row& row);
  /// iso_micros, made once a millisecond.
  const std::string& now_text();

  Effects& effects_;
  std::string bearer_;
  std::vector<Row> all_;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<std::string, Done> done_;
  std::int64_t now_ms_ = 0;
  std::string now_text_;
};

}  // namespace sandbox
