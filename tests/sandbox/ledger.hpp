// What happened: each effect, each request, and counters.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

enum class Api { bigcommerce, gorgias, records, oauth, count_ };
constexpr std::size_t kApis = static_cast<std::size_t>(Api::count_);
std::string_view name_of(Api api);

/// One change of a sink's state. `n` counts from 1.
struct Effect {
  std::int64_t at_ms = 0;
  Api api = Api::records;
  std::string_view kind;  ///< a literal: customer.created, record.updated, …
  std::string_view method;
  int status = 0;
  std::string path, id, external_id, email, idempotency_key;
};

class Effects {
 public:
  void add(Effect effect);
  std::size_t size() const { return all_.size(); }
  /// {"effects":[…],"next":N}: those after the since-th, at most `most`.
  std::string page(std::int64_t since, std::size_t most) const;
  void clear() { all_.clear(); }

 private:
  std::vector<Effect> all_;
};

/// The newest 100,000 requests.
class RequestLog {
 public:
  static constexpr std::size_t kMost = 100'000;
  /// The entry's number; 0 when the log is off.
  std::uint64_t add(std::string_view method, std::string_view target);
  void ended(std::uint64_t n, int status, bool answered, bool injected);
  std::string page(std::int64_t since, std::size_t most) const;
  void clear();
  bool on = true;

 private:
  struct Row {
    std::int64_t at_ms = 0;
    std::string method, target;
    int status = 0;
    bool answered = false, injected = false;
  };
  std::deque<Row> rows_;
  std::uint64_t first_ = 1;  ///< number of rows_.front()
};

struct Counters {
  std::int64_t requests = 0;   ///< judged
  std::int64_t injected = 0;   ///< failures and resets that a switch made
  std::int64_t refused = 0;    ///< answered 4xx by a rule, 429 among them
  std::int64_t throttled = 0;  ///< answered 429 by a budget
  std::int64_t unreached = 0;  ///< the client had gone before its answer
  std::int64_t in_flight = 0;  ///< judged, answer not yet on its way
};

using CountersOfAll = std::array<Counters, kApis>;

}  // namespace sandbox
