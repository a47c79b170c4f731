#include "ledger.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "text.hpp"

namespace sandbox {
namespace {

/// Quoted, and escaped where that is needed.
void append_text(std::string& out, std::string_view text) {
  const bool plain = std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return c < 0x20 || c == '"' || c == '\\' || c >= 0x7f;
  });
  if (plain) {
    out.append(1, '"').append(text).append(1, '"');
  } else {
    out += nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

void append_field(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  append_text(out, text);
}

void append_field(std::string& out, std::string_view name, std::int64_t number) {
  out.append(",\"").append(name).append("\":").append(std::to_string(number));
}

std::size_t clamped(std::int64_t since, std::size_t size) {
  return since <= 0 ? 0 : std::min(static_cast<std::size_t>(since), size);
}

}  // namespace

std::string_view name_of(Api api) {
  static constexpr std::string_view kNames[] = {"bigcommerce", "gorgias", "records", "oauth"};
  return kNames[static_cast<std::size_t>(api)];
}

void Effects::add(Effect effect) { all_.push_back(std::move(effect)); }

std::string Effects::page(std::int64_t since, std::size_t most) const {
  const auto first = clamped(since, all_.size());
  const auto last = std::min(all_.size(), first + most);
  std::string out = R"({"effects":[)";
  for (auto i = first; i < last; ++i) {
    const auto& e = all_[i];
    if (i > first) out.push_back(',');
    out.append("{\"n\":").append(std::to_string(i + 1));
    append_field(out, "at_ms", e.at_ms);
    append_field(out, "api", name_of(e.api));
    append_field(out, "method", e.method);
    append_field(out, "path", e.path);
    append_field(out, "kind", e.kind);
    append_field(out, "id", e.id);
    append_field(out, "external_id", e.external_id);
    append_field(out, "email", e.email);
    append_field(out, "idempotency_key", e.idempotency_key);
    append_field(out, "status", e.status);
    out.push_back('}');
  }
  out.append("],\"next\":").append(std::to_string(last)).append("}");
  return out;
}

std::uint64_t RequestLog::add(std::string_view method, std::string_view target) {
  if (!on) return 0;
  rows_.push_back({wall_ms(), std::string(method), std::string(target.substr(0, 1000)), 0, false, false});
  if (rows_.size() > kMost) {
    rows_.pop_front();
    ++first_;
  }
  return first_ + rows_.size() - 1;
}

void RequestLog::ended(std::uint64_t n, int status, bool answered, bool injected) {
  if (n < first_ || n >= first_ + rows_.size()) return;
  auto& row = rows_[n - first_];
  row.status = status;
  row.answered = answered;
  row.injected = injected;
}

std::string RequestLog::page(std::int64_t since, std::size_t most) const {
  const auto after = static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)) + 1;
  const auto first = after <= first_ ? 0 : std::min<std::size_t>(after - first_, rows_.size());
  const auto last = std::min(rows_.size(), first + most);
  std::string out = R"({"requests":[)";
  for (auto i = first; i < last; ++i) {
    const auto& row = rows_[i];
    if (i > first) out.push_back(',');
    out.append("{\"n\":").append(std::to_string(first_ + i));
    append_field(out, "at_ms", row.at_ms);
    append_field(out, "method", row.method);
    append_field(out, "path", row.target);
    append_field(out, "status", row.status);
    out.append(row.answered ? ",\"answered\":true" : ",\"answered\":false");
    out.append(row.injected ? ",\"injected\":true}" : ",\"injected\":false}");
  }
  out.append("],\"next\":").append(std::to_string(first_ + last - 1)).append("}");
  return out;
}

void RequestLog::clear() {
  first_ +=
      rows_.size();  // numbers are not used twice, so that a request still in flight finds no other's row
  rows_.clear();
}

}  // namespace sandbox
